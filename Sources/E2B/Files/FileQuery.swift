internal import JSON

/// The query of `/files`. Protocol.md, 3.1.
struct FileQuery {
    var path: String
    var user: String?
    var signature: String?
    /// Seconds since 1970.
    var expiration: Int?

    /// Path and query of a URL.
    var target: String {
        var fields = [(name: "path", value: path)]
        if let user { fields.append(("username", user)) }
        if let signature { fields.append(("signature", signature)) }
        if let expiration { fields.append(("signature_expiration", String(expiration))) }
        return "/files?" + PercentEncoding.query(fields)
    }
}
