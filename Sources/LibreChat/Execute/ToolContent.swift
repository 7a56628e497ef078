package import Interpreter
package import ImageGate
import JSON

/// The content of a LibreChat tool's answer: a text for the model, and images for the chat.
///
/// It is encoded as the two-element array `[[{type:text,text}], {content:[{type:image_url,image_url:{url}}]}]`.
package struct ToolContent: Equatable, Sendable {
    package var text: String
    package var images: [AdmittedImage]

    package init(text: String, images: [AdmittedImage] = []) {
        self.text = text
        self.images = images
    }

    /// The content as JSON in UTF-8, with secrets redacted.
    ///
    /// Text and drawings were redacted before, but cutting, joining and cleaning them may have put a secret together.
    package func encoded(without secrets: SecretRedactor = .none) -> [UInt8] {
        let capacity = text.utf8.count + images.reduce(256) { $0 + $1.bytes.count / 3 * 4 + 128 }
        return JSONWriter.value(capacity: capacity) { json in
            json.array { json in
                json.array { json in
                    json.object { json in
                        json.member("type", "text")
                        json.member("text", secrets.redacted(text))
                    }
                }
                json.object { json in
                    json.array("content") { json in for image in images { write(image, secrets, &json) } }
                }
            }
        }
    }

    private func write(_ image: AdmittedImage, _ secrets: SecretRedactor, _ json: inout JSONWriter) {
        let bytes = image.type == .svg ? secrets.redacted(image.bytes) : image.bytes
        json.object { json in
            json.member("type", "image_url")
            json.member("image_url") { $0.member("url", "data:\(image.type.mimeType);base64,", base64: bytes) }
        }
    }
}
