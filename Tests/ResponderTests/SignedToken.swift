import CCrypto
import Foundation

@testable import Responder

/// Keys of a LibreChat of the tests, and what it signs with them.
final class SigningKey: Sendable {
    private nonisolated(unsafe) let key: OpaquePointer
    let algorithm: String

    init(isRSA: Bool = false) {
        algorithm = isRSA ? "RS256" : "EdDSA"
        let context = EVP_PKEY_CTX_new_id(isRSA ? EVP_PKEY_RSA : EVP_PKEY_ED25519, nil)
        defer { EVP_PKEY_CTX_free(context) }
        var key: OpaquePointer?
        EVP_PKEY_keygen_init(context)
        EVP_PKEY_keygen(context, &key)
        guard let key else { fatalError("libcrypto makes no key") }
        self.key = key
    }

    deinit { EVP_PKEY_free(key) }

    /// The public half as DER.
    var der: [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Int(i2d_PUBKEY(key, nil)))
        bytes.withUnsafeMutableBufferPointer { buffer in
            var place = buffer.baseAddress
            i2d_PUBKEY(key, &place)
        }
        return bytes
    }

    var pem: String {
        let base64 = Data(der).base64EncodedString(options: [.lineLength64Characters, .endLineWithLineFeed])
        return "-----BEGIN PUBLIC KEY-----\n\(base64)\n-----END PUBLIC KEY-----\n"
    }

    /// The public half as a member of a JWK set. An RSA key of 2048 bits has its numbers at fixed places.
    func jwk(id: String? = nil, _ more: String = "") -> String {
        let id = id.map { #""kid":"\#($0)","# } ?? ""
        guard algorithm == "RS256" else {
            return #"{\#(id)\#(more)"kty":"OKP","crv":"Ed25519","x":"\#(Self.text(Array(der.suffix(32))))"}"#
        }
        return #"{\#(id)\#(more)"kty":"RSA","e":"AQAB","n":"\#(Self.text(Array(der[33..<289])))"}"#
    }

    func token(
        _ claims: String = SigningKey.claims, header: String? = nil, id: String? = nil
    ) -> String {
        let id = id.map { #","kid":"\#($0)""# } ?? ""
        let header = header ?? #"{"alg":"\#(algorithm)","typ":"JWT"\#(id)}"#
        let message = "\(Self.text(Array(header.utf8))).\(Self.text(Array(claims.utf8)))"
        return "\(message).\(Self.text(signature(of: Array(message.utf8))))"
    }

    /// Good at the time ``now``.
    static let claims =
        #"{"iss":"librechat","aud":"codeapi","sub":"user-1","iat":1000,"nbf":1000,"exp":1300,"jti":"x","tenant_id":"legacy"}"#
    static let now = 1100.0

    private func signature(of message: [UInt8]) -> [UInt8] {
        let context = EVP_MD_CTX_new()
        defer { EVP_MD_CTX_free(context) }
        var count = 1024
        var signature = [UInt8](repeating: 0, count: count)
        EVP_DigestSignInit(context, nil, algorithm == "RS256" ? EVP_sha256() : nil, nil, key)
        EVP_DigestSign(context, &signature, &count, message, message.count)
        return Array(signature.prefix(count))
    }

    static func text(_ bytes: [UInt8]) -> String {
        Data(bytes).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }
}
