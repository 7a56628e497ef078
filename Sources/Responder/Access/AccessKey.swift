import CCrypto

/// A key that callers authenticate with.
package struct AccessKey: Sendable {
    /// Who the caller is, in the log.
    package let name: String
    package let secret: String
    private let digest: [UInt8]

    /// Characters. Anything shorter can be guessed over the network.
    static let shortestSecret = 16

    package init(name: String, secret: String) {
        self.name = name
        self.secret = secret
        digest = Self.digest(secret)
    }

    /// Takes the same time wherever the two differ, and whatever their lengths: digests are compared.
    func matches(digest other: [UInt8]) -> Bool { CRYPTO_memcmp(digest, other, digest.count) == 0 }

    /// SHA-256.
    static func digest(_ secret: String) -> [UInt8] {
        var secret = secret
        return secret.withUTF8 { bytes in
            [UInt8](unsafeUninitializedCapacity: Int(SHA256_DIGEST_LENGTH)) { buffer, count in
                _ = SHA256(bytes.baseAddress, bytes.count, buffer.baseAddress)
                count = buffer.count
            }
        }
    }
}
