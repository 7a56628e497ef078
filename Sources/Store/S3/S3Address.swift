/// The URLs of a bucket's objects, written as their signature needs them: encoded, and with a sorted query in which each name has a
/// `=` after it.
struct S3Address: Sendable {
    /// Everything before the key, with a `/` at its end.
    private let base: String
    private let bucket: String

    init(_ configuration: S3Configuration) {
        let endpoint = configuration.endpoint
        bucket = configuration.bucket
        if configuration.usesPathStyle {
            base = "\(endpoint)/\(bucket)/"
        } else if let host = endpoint.firstRange(of: "://") {
            base = "\(endpoint[..<host.upperBound])\(bucket).\(endpoint[host.upperBound...])/"
        } else {
            base = "\(endpoint)/"
        }
    }

    func url(_ key: String, _ query: [String: String] = [:]) -> String {
        // Of the bucket itself S3 signs the path without a slash at its end.
        let path = key.isEmpty && base.hasSuffix("/\(bucket)/") ? String(base.dropLast()) : base + Self.encode(key, "/")
        guard !query.isEmpty else { return path }
        let fields = query.map { "\(Self.encode($0.key))=\(Self.encode($0.value))" }
        return "\(path)?\(fields.sorted().joined(separator: "&"))"
    }

    /// The name of an object for `x-amz-copy-source`.
    func source(_ key: String) -> String { "/\(bucket)/\(Self.encode(key, "/"))" }

    /// Percent-encodes all but what RFC 3986 calls unreserved.
    private static func encode(_ text: String, _ kept: Character? = nil) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var encoded: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                encoded.append(byte)
            case _ where byte == kept?.asciiValue: encoded.append(byte)
            default: encoded += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: encoded, as: UTF8.self)
    }
}
