/// Replaces secrets in everything that leaves the service by `[hidden:NAME]`, in whichever way a program wrote them.
///
/// A value is found in the ways in which programs write it without meaning to hide it: plain, escaped for JSON, a
/// shell, a URL, HTML or Python, in base64 and in hexadecimal digits (``SecretForm``). One pass over the bytes finds
/// all forms of all values (``SecretIndex``). Its time does not depend on the number of values.
package struct SecretRedactor: Sendable {
    /// The index; nil if there are no secrets.
    private let index: SecretIndex?
    /// The largest number of bytes of a value in any form. So much text next to a cut must not be shown, because half
    /// of a value is not found.
    package var longest: Int { index?.longest ?? 0 }

    /// The least number of bytes of a value. A shorter value would be found everywhere, and its masks would give it
    /// away.
    package static let shortest = 6

    package static let none = SecretRedactor([:])

    /// - Parameter secrets: the values by name. Values shorter than ``shortest`` are ignored.
    package init(_ secrets: [String: String]) {
        let secrets = secrets.filter { $0.value.utf8.count >= Self.shortest }
        index = secrets.isEmpty ? nil : SecretIndex(secrets)
    }

    /// Returns the text with `[hidden:NAME]` in the place of each value.
    package func redacted(_ text: String) -> String {
        guard let index else { return text }
        var text = text
        let redacted = text.withUTF8 { index.redacted($0) }
        return redacted.map { String(decoding: $0, as: UTF8.self) } ?? text
    }

    /// Returns the bytes, which need not be text, with `[hidden:NAME]` in the place of each value.
    package func redacted(_ bytes: [UInt8]) -> [UInt8] {
        guard let index else { return bytes }
        return bytes.withUnsafeBufferPointer { index.redacted($0) } ?? bytes
    }

    /// Returns the name of a secret that is in `bytes`; nil if there is none. It is for bytes that must not be changed
    /// and are refused instead.
    package func nameOfSecret(in bytes: [UInt8]) -> String? {
        guard let index else { return nil }
        return bytes.withUnsafeBufferPointer { index.nameOfSecret(in: $0) }
    }
}
