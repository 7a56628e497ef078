import JSON

/// An error of JSON-RPC (JSON-RPC 2.0, section 5.1; MCP 2026-07-28, basic).
struct RPCError: Error, Equatable, Sendable {
    enum Code: Int, Sendable {
        case parse = -32700
        case invalidRequest = -32600
        case methodNotFound = -32601
        case invalidParams = -32602
        case headerMismatch = -32020
        case unsupportedVersion = -32022
    }

    let code: Code
    let message: String
    var data: JSONNode?

    init(_ code: Code, _ message: String, data: JSONNode? = nil) {
        self.code = code
        self.message = message
        self.data = data
    }

    /// The HTTP status of the answer. It is always 200 in the legacy era, because LibreChat reconnects after any other.
    func status(_ era: Era) -> Int {
        switch (era, code) {
        case (.legacy, _): 200
        case (.modern, .methodNotFound): 404
        case (.modern, _): 400
        }
    }

    static func unsupported(_ version: String) -> RPCError {
        RPCError(
            .unsupportedVersion, "The protocol version \(version.prefix(40)) is not supported.",
            data: [
                "supported": .list(MCPVersion.supported.map { .text($0) }),
                "requested": .text(String(version.prefix(40))),
            ])
    }
}

/// The two families of revisions.
package enum Era: Equatable, Sendable {
    case legacy, modern
}
