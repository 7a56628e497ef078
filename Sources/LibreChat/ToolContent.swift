package import ImageGate
import JSON
package import Redaction

/// What LibreChat's tools answer with: text for the model, images for the chat.
///
/// Encoded as the two-element array `[[{type:text,text}], {content:[{type:image_url,image_url:{url}}]}]`.
package struct ToolContent: Equatable, Sendable {
    package var text: String
    package var images: [AdmittedImage]

    package init(text: String, images: [AdmittedImage] = []) {
        self.text = text
        self.images = images
    }

    /// JSON, in UTF-8, hidden values masked.
    ///
    /// Text and drawings have been looked through before. What was cut, joined and cleaned since may have put a value together.
    package func encoded(hiding hidden: SecretRedactor = .none) -> [UInt8] {
        var json: [UInt8] = []
        json.reserveCapacity(text.utf8.count + images.reduce(256) { $0 + $1.bytes.count / 3 * 4 + 128 })
        json.append(contentsOf: #"[[{"type":"text","text":"#.utf8)
        json.append(quoted: hidden.masked(in: text))
        json.append(contentsOf: #"}],{"content":["#.utf8)
        for (index, image) in images.enumerated() {
            if index > 0 { json.append(UInt8(ascii: ",")) }
            // MIME type and base64 need no escapes.
            json.append(contentsOf: #"{"type":"image_url","image_url":{"url":"data:"#.utf8)
            json.append(contentsOf: image.type.mimeType.utf8)
            json.append(contentsOf: ";base64,".utf8)
            json.append(base64: image.type == .svg ? hidden.masked(in: image.bytes) : image.bytes)
            json.append(contentsOf: #""}}"#.utf8)
        }
        json.append(contentsOf: "]}]".utf8)
        return json
    }
}
