import Foundation

/// The two-element answer as LibreChat takes it apart; anything that is not exactly that shape fails to decode.
package struct ToolAnswer: Decodable, Sendable {
    package let text: String
    package let images: [Image]

    /// One data URI.
    package struct Image: Sendable {
        package let mimeType: String
        package let bytes: [UInt8]

        /// Width and height from IHDR; nil when the bytes do not begin as a PNG does.
        package var pngSize: (width: Int, height: Int)? {
            let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
            guard bytes.count > 24, bytes.starts(with: signature), bytes[12..<16].elementsEqual("IHDR".utf8) else {
                return nil
            }
            let number = { (at: Int) in bytes[at..<at + 4].reduce(0) { $0 << 8 | Int($1) } }
            return (number(16), number(20))
        }
    }

    package init(_ reply: HTTPReply) throws {
        self = try JSONDecoder().decode(ToolAnswer.self, from: reply.body)
    }

    package init(from decoder: any Decoder) throws {
        var pair = try decoder.unkeyedContainer()
        let texts = try pair.decode([Part].self)
        let content = try pair.decode([String: [Part]].self)
        guard pair.isAtEnd, texts.count == 1, texts[0].type == "text", let text = texts[0].text,
            Array(content.keys) == ["content"], let parts = content["content"]
        else { throw HarnessError.unreadable("an answer that is not [[text], {content}]") }
        self.text = text
        images = try parts.map { part in
            guard part.type == "image_url", let url = part.image_url?.url else {
                throw HarnessError.unreadable("an image part of type \(part.type)")
            }
            return try Image(dataURI: url)
        }
    }

    private struct Part: Decodable {
        struct Link: Decodable { let url: String }
        let type: String
        let text: String?
        let image_url: Link?
    }
}

extension ToolAnswer.Image {
    fileprivate init(dataURI: String) throws {
        let halves = dataURI.split(separator: ";base64,", maxSplits: 1)
        guard halves.count == 2, halves[0].hasPrefix("data:"), let bytes = Data(base64Encoded: String(halves[1])) else {
            throw HarnessError.unreadable("data URI \(dataURI.prefix(40))…")
        }
        mimeType = String(halves[0].dropFirst("data:".count))
        self.bytes = [UInt8](bytes)
    }
}
