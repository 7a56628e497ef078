import FastCGI
import JSON

/// What a caller presents as a key, in every place where one may stand: one that is wrong does not hide another.
struct Credentials {
    /// In the order in which LibreChat's settings offer them.
    private(set) var secrets: [String] = []

    /// Each costs a digest and a comparison with every key.
    private static let limit = 16

    init(_ request: FastCGIRequest) {
        // A web server writes several headers of one name as one, with commas. No secret has one.
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

    /// Programs differ in whether the key is the user or the password, and in whether they pad base64. RFC 7617.
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
