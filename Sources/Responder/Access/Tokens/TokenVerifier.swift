import Glibc
import JSON

/// On whose behalf LibreChat asks, by its token.
struct TokenSubject: Equatable, Sendable {
    /// nil for the tenant of a LibreChat that has no tenants.
    let tenant: String?
    let user: String
}

/// Checks the tokens with which LibreChat names its users (RFC 7519): whether a key of the operator's has signed them, for this
/// service, and for now.
struct TokenVerifier: Sendable {
    enum Refusal: Error, Equatable, Sendable {
        case malformed, unknownKey, forged, wrongIssuer, wrongAudience, expired, notYetValid, noSubject
    }

    let keys: [TokenKey]
    let issuer: String
    let audience: String

    /// How far clocks may be apart. Seconds.
    private static let skew = 30.0
    /// The largest number of bytes of a token.
    private static let longest = 16 << 10
    /// The largest number of bytes of a user's and of a tenant's id.
    private static let longestID = 256
    /// What LibreChat writes where there are no tenants.
    private static let noTenant = "legacy"

    /// Whether a text has the form of a token, so that it is no key.
    static func isToken(_ text: String) -> Bool {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let header = Base64URL.decode(parts[0]) else { return false }
        return (try? Members(header, ["alg"]))?.text("alg") != nil
    }

    /// - Parameter now: seconds since 1970.
    func subject(
        of token: String, at now: Double = Double(time(nil))
    ) throws(Refusal) -> TokenSubject {
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        guard token.utf8.count <= Self.longest, parts.count == 3, let header = Base64URL.decode(parts[0]),
            let claims = Base64URL.decode(parts[1]), let signature = Base64URL.decode(parts[2])
        else { throw .malformed }
        try check(signature, of: Array("\(parts[0]).\(parts[1])".utf8), header: header)
        return try subject(of: claims, at: now)
    }

    private func check(_ signature: [UInt8], of message: [UInt8], header: [UInt8]) throws(Refusal) {
        let header = try Members(header, ["alg", "kid", "crit"])
        // What a critical extension means is not known here (RFC 7515, section 4.1.11).
        guard let algorithm = header.text("alg").flatMap(TokenKey.Algorithm.init), !header.has("crit") else {
            throw .unknownKey
        }
        let id = header.text("kid")
        let candidates = keys.filter { $0.algorithm == algorithm && (id == nil || $0.id == nil || $0.id == id) }
        guard !candidates.isEmpty else { throw .unknownKey }
        guard candidates.contains(where: { $0.verifies(signature, of: message) }) else { throw .forged }
    }

    private func subject(of bytes: [UInt8], at now: Double) throws(Refusal) -> TokenSubject {
        let claims = try Members(bytes, ["iss", "aud", "sub", "exp", "nbf", "tenant_id"])
        guard claims.text("iss") == issuer else { throw .wrongIssuer }
        guard claims.texts("aud").contains(audience) else { throw .wrongAudience }
        guard let expiry = claims.number("exp"), now < expiry + Self.skew else { throw .expired }
        if claims.has("nbf") {
            guard let start = claims.number("nbf"), now >= start - Self.skew else { throw .notYetValid }
        }
        guard let user = claims.text("sub"), Self.isID(user) else { throw .noSubject }
        guard claims.has("tenant_id") else { return TokenSubject(tenant: nil, user: user) }
        guard let tenant = claims.text("tenant_id"), Self.isID(tenant) else { throw .noSubject }
        return TokenSubject(tenant: tenant == Self.noTenant ? nil : tenant, user: user)
    }

    private static func isID(_ text: String) -> Bool {
        (1...longestID).contains(text.utf8.count)
            && !text.unicodeScalars.contains { $0.properties.generalCategory == .control }
    }

    /// Members of a JSON object. Of two of the same name the first counts.
    private struct Members {
        private var values: [String: Value] = [:]

        private enum Value {
            case text(String)
            case texts([String])
            case number(Double)
            case other
        }

        init(_ bytes: [UInt8], _ names: Set<String>) throws(Refusal) {
            let values = bytes.withUnsafeBytes { bytes -> [String: Value]? in
                guard bytes.isUTF8 else { return nil }
                var found: [String: JSONValue] = [:]
                guard (try? JSONScanner.members(of: bytes) { found.keep($0, $1, of: names) }) != nil else { return nil }
                return found.mapValues { json in
                    if let text = json.exactString { return .text(text) }
                    if let number = json.double { return .number(number) }
                    guard json.kind == .array else { return .other }
                    return .texts((try? json.list { $0.exactString }) ?? [])
                }
            }
            guard let values else { throw .malformed }
            self.values = values
        }

        func has(_ name: String) -> Bool { values[name] != nil }

        func text(_ name: String) -> String? {
            if case .text(let text) = values[name] { text } else { nil }
        }

        func texts(_ name: String) -> [String] {
            if case .texts(let texts) = values[name] { texts } else { text(name).map { [$0] } ?? [] }
        }

        func number(_ name: String) -> Double? {
            if case .number(let number) = values[name], number.isFinite { number } else { nil }
        }
    }
}

extension TokenVerifier.Refusal: CustomStringConvertible {
    var description: String {
        switch self {
        case .malformed: "it is malformed"
        case .unknownKey: "it is signed with a key or in a way that is not known here"
        case .forged: "its signature is wrong"
        case .wrongIssuer: "it was issued by somebody else"
        case .wrongAudience: "it is meant for another service"
        case .expired: "it has expired"
        case .notYetValid: "it is not valid yet"
        case .noSubject: "it names no user"
        }
    }
}
