import CCrypto
import JSON

/// The Content Security Policy of the page: its one script and its one style sheet by their hashes, pictures from `data:` URLs,
/// requests to its own origin, and nothing else (https://www.w3.org/TR/CSP3/#framework-directive-source-list).
struct PagePolicy {
    let text: String

    init(_ html: [UInt8]) {
        let script = Self.hash(of: "script", in: html)
        let style = Self.hash(of: "style", in: html)
        text =
            [
                "default-src 'none'", "script-src \(script)", "style-src \(style)", "img-src data:",
                "connect-src 'self'",
                "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'", "require-trusted-types-for 'script'",
                "trusted-types 'none'",
            ].joined(separator: "; ")
    }

    /// The hash of the content of the page's one element with that name; `'none'` if there is none.
    private static func hash(of element: String, in html: [UInt8]) -> String {
        let text = String(decoding: html, as: UTF8.self)
        guard let start = text.firstRange(of: "<\(element)>"), let end = text.firstRange(of: "</\(element)>"),
            start.upperBound <= end.lowerBound
        else { return "'none'" }
        return "'sha256-\(Base64.encode(sha256(Array(text[start.upperBound..<end.lowerBound].utf8))))'"
    }

    private static func sha256(_ bytes: [UInt8]) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: Int(SHA256_DIGEST_LENGTH)) { buffer, count in
            _ = SHA256(bytes, bytes.count, buffer.baseAddress)
            count = buffer.count
        }
    }
}
