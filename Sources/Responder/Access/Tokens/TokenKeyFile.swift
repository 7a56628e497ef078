import JSON

/// A file of public keys: PEM (`BEGIN PUBLIC KEY`), or a JWK set (RFC 7517).
struct TokenKeyFile {
    struct Failure: Error, Equatable {
        /// What the file must be, for the operator.
        let reason: String

        static let privateKey = Failure(reason: "it has a private key, and the service needs the public one only")
    }

    let keys: [TokenKey]

    init(_ bytes: [UInt8]) throws(Failure) {
        let text = String(decoding: bytes, as: UTF8.self)
        guard !text.contains("PRIVATE KEY-----") else { throw .privateKey }
        keys = try text.first { !$0.isWhitespace } == "{" ? Self.set(bytes) : Self.pem(text)
        guard !keys.isEmpty else {
            throw Failure(
                reason: "it must be a PEM file or a JWK set with a public key: Ed25519, or RSA of at least "
                    + "\(TokenKey.shortestRSA) bits")
        }
    }

    // MARK: - PEM

    private static func pem(_ text: String) throws(Failure) -> [TokenKey] {
        var keys: [TokenKey] = []
        for block in text.split(separator: "-----BEGIN PUBLIC KEY-----").dropFirst(text.hasPrefix("-----BEGIN") ? 0 : 1)
        {
            guard let end = block.firstRange(of: "-----END PUBLIC KEY-----"),
                let der = Base64.decode(String(block[..<end.lowerBound])), let key = TokenKey(der: der)
            else { continue }
            keys.append(key)
        }
        return keys
    }

    // MARK: - JWK sets

    private static func set(_ bytes: [UInt8]) throws(Failure) -> [TokenKey] {
        var hasPrivateKey = false
        let keys = bytes.withUnsafeBytes { bytes -> [TokenKey]? in
            guard bytes.isUTF8 else { return nil }
            var list: JSONValue?
            guard (try? JSONScanner.members(of: bytes) { key, value in if "keys" ~= key { list = value } }) != nil
            else { return nil }
            return try? list?.list { element throws(MalformedJSON) in
                if try element.member("d") != nil { hasPrivateKey = true }
                return try key(element)
            }
        }
        guard !hasPrivateKey else { throw .privateKey }
        guard let keys else { throw Failure(reason: "it is no JWK set: it has no list `keys`") }
        return keys
    }

    private static func key(_ json: JSONValue) throws(MalformedJSON) -> TokenKey? {
        func text(_ name: StaticString) throws(MalformedJSON) -> String? { try json.member(name)?.string }
        if let use = try text("use"), use != "sig" { return nil }
        let id = try text("kid")
        switch try text("kty") {
        case "OKP":
            guard try text("crv") == "Ed25519", let x = try text("x").flatMap({ Base64URL.decode($0) }), x.count == 32
            else { return nil }
            return TokenKey(der: DER.ed25519(x), id: id)
        case "RSA":
            guard let n = try text("n").flatMap({ Base64URL.decode($0) }),
                let e = try text("e").flatMap({ Base64URL.decode($0) })
            else { return nil }
            return TokenKey(der: DER.rsa(modulus: n, exponent: e), id: id)
        default: return nil
        }
    }
}

/// Writes public keys as DER (ITU-T X.690, section 8; RFC 8017, appendix A.1.1; RFC 8410, section 4), which libcrypto of every
/// version reads.
private enum DER {
    static func ed25519(_ key: [UInt8]) -> [UInt8] {
        value(0x30, value(0x30, [0x06, 0x03, 0x2b, 0x65, 0x70]) + bits(key))
    }

    static func rsa(modulus: [UInt8], exponent: [UInt8]) -> [UInt8] {
        let algorithm: [UInt8] = [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00]
        return value(0x30, value(0x30, algorithm) + bits(value(0x30, integer(modulus) + integer(exponent))))
    }

    private static func bits(_ content: [UInt8]) -> [UInt8] { value(0x03, [0] + content) }

    private static func integer(_ bytes: [UInt8]) -> [UInt8] {
        let digits = Array(bytes.drop { $0 == 0 })
        // Without a zero before it the number would be negative.
        return value(0x02, (digits.first.map { $0 >= 0x80 } ?? true ? [0] : []) + digits)
    }

    private static func value(_ tag: UInt8, _ content: [UInt8]) -> [UInt8] {
        guard content.count >= 0x80 else { return [tag, UInt8(content.count)] + content }
        var length: [UInt8] = []
        var rest = content.count
        while rest > 0 {
            length.insert(UInt8(rest & 0xff), at: 0)
            rest >>= 8
        }
        return [tag, 0x80 | UInt8(length.count)] + length + content
    }
}
