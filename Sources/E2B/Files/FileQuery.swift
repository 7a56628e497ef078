internal import JSON

/// The query of `/files`. Protocol.md, 3.1.
struct FileQuery {
    /// nil if the body says where files go.
    var path: String?
    var user: String?
    var signature: String?
    /// Seconds since 1970.
    var expiration: Int?

    /// Path and query of a URL.
    var target: String {
        var fields: [(name: String, value: String)] = []
        if let path { fields.append(("path", path)) }
        if let user { fields.append(("username", user)) }
        if let signature { fields.append(("signature", signature)) }
        if let expiration { fields.append(("signature_expiration", String(expiration))) }
        return fields.isEmpty ? "/files" : "/files?" + PercentEncoding.query(fields)
    }
}
