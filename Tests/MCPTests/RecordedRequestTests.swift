import Interpreter
import TestSupport
import Testing

@testable import MCP

/// What published clients have sent, byte by byte.
struct RecordedRequestTests {
    @Test func `what published clients have sent gets an answer of its era`() throws {
        let server = MCPServer(secrets: .none, imageBudget: 100_000, version: "1.2.3")
        let rules = MCPRules(tools: Set(ToolTable().definitions.map(\.name)))
        let requests = try RecordedRequest.all.filter { $0.method == "POST" }
        #expect(requests.count > 100)
        for request in requests {
            let body = Array(request.body.utf8)
            let answer = server.answer(body, request.mcpHeaders)
            let violation = rules.violation(in: answer.status, answer.body, to: body, request.mcpHeaders)
            #expect(
                violation == nil,
                "\(request.client) \(request.number): \(request.body) \(String(decoding: answer.body, as: UTF8.self))")
        }
    }
}
