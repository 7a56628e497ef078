import JSON

/// The HTTP headers in which the modern era repeats members of the body, so that servers can route requests by them.
package struct MCPHeaders: Equatable, Sendable {
    package var version: String?
    package var method: String?
    package var name: String?

    /// The names of the headers.
    package static let names = [versionName, methodName, nameName]
    static let versionName = "MCP-Protocol-Version"
    static let methodName = "Mcp-Method"
    static let nameName = "Mcp-Name"

    /// - Parameter value: returns the value of a header; nil if the request does not have it.
    package init(_ value: (_ name: String) -> String?) {
        self.init(version: value(Self.versionName), method: value(Self.methodName), name: value(Self.nameName))
    }

    package init(version: String? = nil, method: String? = nil, name: String? = nil) {
        self.version = version?.trimmed
        self.method = method?.trimmed
        self.name = name?.trimmed
    }

    /// Whether the headers are those of the modern era. An empty header counts as absent.
    var areModern: Bool { version.map { !$0.isEmpty && !MCPVersion.legacy.contains($0) } ?? false }

    /// The value of `Mcp-Name`. A name that is not ASCII is in base64: `=?base64?…?=`.
    var decodedName: String? {
        guard let name, name.hasPrefix("=?base64?"), name.hasSuffix("?="), name.utf8.count >= 11 else { return name }
        let encoded = Array(name.utf8.dropFirst(9).dropLast(2))
        return encoded.withUnsafeBytes { Base64.decode($0) }.flatMap { String(validating: $0, as: UTF8.self) }
    }
}

extension String {
    fileprivate var trimmed: String {
        var rest = self[...]
        while let first = rest.first, first == " " || first == "\t" { rest = rest.dropFirst() }
        while let last = rest.last, last == " " || last == "\t" { rest = rest.dropLast() }
        return String(rest)
    }
}
