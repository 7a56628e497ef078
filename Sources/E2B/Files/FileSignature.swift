internal import CCrypto
internal import JSON

/// The signature with which a client that lacks the sandbox's token can read or write one file. Protocol.md, 3.4.
enum FileSignature {
    enum Operation: String {
        case read, write
    }

    /// - Parameters:
    ///   - user: the user in the URL; nil if it has none.
    ///   - expiration: seconds since 1970.
    static func make(
        _ operation: Operation, path: String, user: String?, token: String, expiration: Int?
    ) -> String {
        var parts = [path, operation.rawValue, user ?? "", token]
        if let expiration { parts.append(String(expiration)) }
        var digest = Base64.encode(sha256(Array(parts.joined(separator: ":").utf8)))
        while digest.last == "=" { digest.removeLast() }
        return "v1_" + digest
    }

    private static func sha256(_ bytes: [UInt8]) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: Int(SHA256_DIGEST_LENGTH)) { room, count in
            _ = SHA256(bytes, bytes.count, room.baseAddress)
            count = room.count
        }
    }
}
