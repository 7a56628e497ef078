import Interpreter
import JSON
import TestSupport

@testable import MCP

/// Whatever is posted to the Model Context Protocol's endpoint gets an answer that the protocol allows.
enum MCPBodies {
    /// Three lines for the headers (version, method and name; `-` is one that is not there), then the body.
    static func check(_ bytes: [UInt8]) throws(Violation) {
        let parts = bytes.split(separator: UInt8(ascii: "\n"), maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count == 4 else { return }
        let lines = parts.prefix(3).map { line in
            let text = String(decoding: line, as: UTF8.self)
            return text == "-" ? nil : text
        }
        let body = Array(parts[3])
        let answer = answer(body, MCPHeaders(version: lines[0], method: lines[1], name: lines[2]))
        let headers = MCPRules.Headers(version: lines[0], method: lines[1], name: lines[2])
        let violation = rules.violation(in: answer.status, answer.body, to: body, headers)
        try require(
            violation == nil, "\(violation ?? ""): \(answer.status) \(String(decoding: answer.body, as: UTF8.self))")
    }

    private static let server = MCPServer(secrets: .none, imageBudget: 1000, version: "1.2.3")
    private static let rules = MCPRules(tools: Set(ToolTable().definitions.map(\.name)))

    private static func answer(_ body: [UInt8], _ headers: MCPHeaders) -> MCPAnswer {
        switch server.read(body, headers) {
        case .answered(let answer): answer
        case .calls(let calls):
            server.answer(
                to: calls,
                calls.all.map { call in
                    switch call.making {
                    case .success: ToolResult(call.tool)
                    case .failure(let error): ToolResult(error.sentence, isError: true)
                    }
                })
        }
    }
}
