import FastCGI
import JSON

/// The secrets that a request presents, in its path and in all headers where a key may be. A wrong secret in one place does not hide a
/// right one in another.
struct Credentials {
    /// The secrets, in the order in which LibreChat's settings offer the headers.
    private(set) var secrets: [String] = []

    /// The headers in which a key may be.
    static let headers = ["Authorization", "X-API-Key"]

    /// The largest number of secrets that are considered: each costs a digest and a comparison with every key.
    private static let limit = 16

    /// - Parameter pathSecret: the key in the path.
    init(_ request: FastCGIRequest, pathSecret: String? = nil) {
        if let pathSecret { add(pathSecret) }
        // A web server joins several headers of the same name with commas. No secret contains a comma.
        for credential in (request.header("Authorization") ?? "").split(separator: ",") {
            let credential = credential.trimmingSpaces
            let scheme = credential.prefix { !$0.isWhitespace }
            let rest = credential[scheme.endIndex...].trimmingSpaces
            switch scheme.lowercased() {
            case "bearer": add(rest)
            case "basic": addPair(rest)
            default: break
            }
        }
        for secret in (request.header("X-API-Key") ?? "").split(separator: ",") { add(secret.trimmingSpaces) }
    }

    private mutating func add(_ secret: String) {
        if !secret.isEmpty, secrets.count < Self.limit { secrets.append(secret) }
    }

    /// Adds both parts of a `Basic` credential (RFC 7617), because programs differ in whether they send the key as the
    /// user or as the password. The padding of the base64 may be missing.
    private mutating func addPair(_ text: String) {
        let digits = text.prefix { $0 != "=" }
        let padded = digits + String(repeating: "=", count: (4 - digits.utf8.count % 4) % 4)
        guard let decoded = Base64.decode(String(padded)) else { return }
        let pair = String(decoding: decoded, as: UTF8.self)
        guard let colon = pair.firstIndex(of: ":") else { return }
        add(String(pair[pair.index(after: colon)...]))
        add(String(pair[..<colon]))
    }
}
