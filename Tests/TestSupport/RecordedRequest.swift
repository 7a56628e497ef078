import Foundation

/// A request that a published MCP client has sent, as it was on the wire. `MCPRequests.jsonl` has each that differs in what
/// counts; headers that only say where it went and how (`Host`, `Connection`, `User-Agent`…) are left out.
package struct RecordedRequest: Decodable, Sendable {
    /// Name and version of the client, and what it talked to.
    package let client: String
    /// Its place among the requests of that client.
    package let number: Int
    package let method: String
    /// By lower-case name.
    package let headers: [String: String]
    package let body: String

    package static var all: [RecordedRequest] {
        get throws {
            let file = Bundle.module.bundleURL.appending(path: "MCPRequests.jsonl")
            return try Data(contentsOf: file).split(separator: UInt8(ascii: "\n")).map { line in
                try JSONDecoder().decode(RecordedRequest.self, from: line)
            }
        }
    }

    /// The headers that decide how the body is read.
    package var mcpHeaders: MCPRules.Headers {
        MCPRules.Headers(
            version: headers["mcp-protocol-version"], method: headers["mcp-method"], name: headers["mcp-name"])
    }
}
