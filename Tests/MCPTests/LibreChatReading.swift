import Foundation
import TestSupport

/// What LibreChat makes of a tool's answer: a text for the model, and an artifact with pictures for the user and the model.
///
/// Its rules, of which all that concern us are here (`formatToolContent` and the way of an artifact after it, as of version
/// 0.8.8): texts are put together with blank lines between; an image becomes an `image_url` with a `data:` URI; any other
/// block becomes text; what fails at a URI, in its base64 or as a picture, is dropped without a word.
struct LibreChatReading {
    struct Complaint: Error, CustomStringConvertible { let description: String }

    struct Picture: Equatable {
        let mimeType: String
        let bytes: [UInt8]
    }

    private(set) var text = ""
    private(set) var pictures: [Picture] = []
    /// The URIs of the artifact: what the model is sent, and what is stored for the user.
    private(set) var uris: [String] = []
    /// Whether newer versions mark the call as failed.
    let isFailure: Bool

    /// - Throws: ``Complaint`` where LibreChat would throw, or drop something.
    init(_ answer: [UInt8]) throws {
        let answer = try JSONTree(parsing: answer)
        if answer["error"] != .missing {
            let message = answer["error"]["message"].string ?? ""
            // It takes these words for a call to log in, and shows that in place of the message.
            let asksForLogin = ["401", "OAuth", "authentication"].contains { message.contains($0) }
            throw Complaint(description: asksForLogin ? "log in" : "tool call failed: \(message)")
        }
        let result = answer["result"]
        isFailure = result["isError"] == .flag(true)
        guard let content = result["content"].list else { throw Complaint(description: "no content") }
        var texts: [String] = []
        for block in content {
            switch block["type"].string {
            case "text": texts.append(try block["text"].string ?? { throw Complaint(description: "no text") }())
            case "image":
                let uri = "data:\(block["mimeType"].string ?? "");base64,\(block["data"].string ?? "")"
                uris.append(uri)
                pictures.append(try Self.picture(uri))
            default: texts.append("\(block)")
            }
        }
        text = content.isEmpty ? "(No response)" : texts.joined(separator: "\n\n")
    }

    /// The picture that is stored, and drawn below the call.
    private static func picture(_ uri: String) throws -> Picture {
        // No digits and no parameters are in the type.
        guard let match = uri.wholeMatch(of: /data:([A-Za-z\-+\/]+);base64,([A-Za-z0-9+\/]+={0,2})/),
            match.2.count.isMultiple(of: 4), let bytes = Data(base64Encoded: String(match.2))
        else { throw Complaint(description: "a URI is \(uri.prefix(60))") }
        guard bytes.count <= 10 << 20 else { throw Complaint(description: "a picture has \(bytes.count) bytes") }
        return Picture(mimeType: String(match.1), bytes: [UInt8](bytes))
    }

    /// Whether the model sees all of it: from some version on, texts and pictures, as they are written, have a share of the
    /// model's context together.
    ///
    /// - Parameter context: tokens.
    func isSeen(byModelOf context: Int) -> Bool {
        uris.reduce(text.count) { $0 + $1.count } <= min(context * 3 / 10 * 4, 400_000)
    }
}
