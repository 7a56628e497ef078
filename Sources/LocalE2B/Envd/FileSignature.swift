internal import CCrypto
internal import Foundation

/// The signature in a file URL of a secured sandbox. Protocol.md, 3.4.
struct FileSignature: Sendable {
    enum Access: String, Sendable {
        case read, write
    }

    /// The path as the client has sent it, percent-decoded, and not resolved.
    var path: String
    var access: Access
    /// The query's `username`; empty if there is none.
    var user: String
    /// Unix seconds.
    var expiration: Int?

    func value(token: String) -> String {
        var raw = "\(path):\(access.rawValue):\(user):\(token)"
        if let expiration { raw += ":\(expiration)" }
        let bytes = Array(raw.utf8)
        var digest = [UInt8](repeating: 0, count: Int(SHA256_DIGEST_LENGTH))
        SHA256(bytes, bytes.count, &digest)
        return "v1_" + Data(digest).base64EncodedString().filter { $0 != "=" }
    }

    func isSigned(_ signature: String, token: String) -> Bool {
        Token.isEqual(signature, value(token: token))
    }
}
