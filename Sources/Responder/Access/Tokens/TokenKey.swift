internal import CCrypto

/// A public key that checks the signatures of tokens (RFC 7518, section 3.1; RFC 8037, section 3.1).
final class TokenKey: Sendable {
    /// The algorithm, as a token's header names it. It is the key's and not the token's choice, so that nobody can have a
    /// signature checked in another way than it was made.
    enum Algorithm: String, Sendable { case edDSA = "EdDSA", rs256 = "RS256" }

    let algorithm: Algorithm
    /// The key's name (`kid`); nil if it has none.
    let id: String?
    // libcrypto changes nothing of a key once it is made, and only counts its users.
    private nonisolated(unsafe) let key: OpaquePointer

    /// The least number of bits of an RSA key (RFC 7518, section 3.3).
    static let shortestRSA = 2048

    /// - Parameter der: a `SubjectPublicKeyInfo` (RFC 5280, section 4.1).
    /// - Returns: nil if it is no key, one of another kind, or an RSA key that is too short.
    init?(der: [UInt8], id: String? = nil) {
        let key = der.withUnsafeBufferPointer { bytes -> OpaquePointer? in
            var place = bytes.baseAddress
            guard let key = d2i_PUBKEY(nil, &place, bytes.count) else { return nil }
            guard let start = bytes.baseAddress, let place, place - start == bytes.count else {
                EVP_PKEY_free(key)
                return nil
            }
            return key
        }
        // What libcrypto notes about an error stays with the thread otherwise, and would be taken for another call's.
        ERR_clear_error()
        guard let key else { return nil }
        switch EVP_PKEY_get_id(key) {
        case EVP_PKEY_ED25519: algorithm = .edDSA
        case EVP_PKEY_RSA where EVP_PKEY_get_bits(key) >= Self.shortestRSA: algorithm = .rs256
        default:
            EVP_PKEY_free(key)
            return nil
        }
        self.id = id
        self.key = key
    }

    deinit { EVP_PKEY_free(key) }

    func verifies(_ signature: [UInt8], of message: [UInt8]) -> Bool {
        guard let context = EVP_MD_CTX_new() else { return false }
        defer {
            EVP_MD_CTX_free(context)
            ERR_clear_error()
        }
        let digest = algorithm == .rs256 ? EVP_sha256() : nil
        return EVP_DigestVerifyInit(context, nil, digest, nil, key) == 1
            && EVP_DigestVerify(context, signature, signature.count, message, message.count) == 1
    }
}
