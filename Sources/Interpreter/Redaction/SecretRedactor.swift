/// Takes secrets out of what leaves the service: `[hidden:NAME]` in the place of each value, however a program wrote it.
///
/// A value is found as it is and in the ways in which programs write it without meaning to hide it: escaped for JSON, a shell,
/// a URL, HTML, Python, in base64 and hexadecimal digits (``SecretForm``). All forms of all values are looked for in one pass
/// over the bytes (``SecretIndex``); its time does not depend on how many there are.
package struct SecretRedactor: Sendable {
    /// nil: there is nothing to look for.
    private let index: SecretIndex?
    /// Bytes that a value takes at most in any of its forms. Where a text is cut, that much of it must not be shown at the cut:
    /// half of a value is not found.
    package var longest: Int { index?.longest ?? 0 }

    /// Bytes. Shorter values would be found everywhere, and their masks would give them away.
    package static let shortest = 6

    package static let none = SecretRedactor([:])

    /// - Parameter secrets: values by name. Those shorter than ``shortest`` are left out.
    package init(_ secrets: [String: String]) {
        let secrets = secrets.filter { $0.value.utf8.count >= Self.shortest }
        index = secrets.isEmpty ? nil : SecretIndex(secrets)
    }

    /// The text with `[hidden:NAME]` in the place of each value.
    package func redacted(_ text: String) -> String {
        guard let index else { return text }
        var text = text
        let redacted = text.withUTF8 { index.redacted($0) }
        return redacted.map { String(decoding: $0, as: UTF8.self) } ?? text
    }

    /// The same for what need not be text.
    package func redacted(_ bytes: [UInt8]) -> [UInt8] {
        guard let index else { return bytes }
        return bytes.withUnsafeBufferPointer { index.redacted($0) } ?? bytes
    }

    /// The name of a secret whose value is in `bytes`: for what must not be altered, and is refused instead.
    package func nameOfSecret(in bytes: [UInt8]) -> String? {
        guard let index else { return nil }
        return bytes.withUnsafeBufferPointer { index.nameOfSecret(in: $0) }
    }
}
