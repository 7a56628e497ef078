import CCrypto

/// A key with which callers authenticate.
package struct AccessKey: Sendable {
    /// The caller's name in the log.
    package let name: String
    package let secret: String
    private let digest: [UInt8]

    /// The least number of characters of a secret. A shorter one could be guessed over the network.
    static let shortestSecret = 16
    /// The largest number of secrets of one name: an old one, and a new one.
    static let mostSecrets = 2

    package init(name: String, secret: String) {
        self.name = name
        self.secret = secret
        digest = Self.digest(secret)
    }

    /// Compares the digest with the key's in constant time. Digests are compared instead of secrets, so that the time
    /// depends neither on the length of a secret nor on the first difference.
    func matches(digest other: [UInt8]) -> Bool { CRYPTO_memcmp(digest, other, digest.count) == 0 }

    /// Computes the SHA-256 of a secret.
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
