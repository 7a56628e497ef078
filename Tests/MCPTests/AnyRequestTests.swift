import Foundation
import Interpreter
import JSON
import TestSupport
import Testing

@testable import MCP

/// Whatever is posted gets an answer that its era allows.
@Suite(.timeLimit(.minutes(5)))
struct AnyRequestTests {
    private static let seeds = 0..<8
    private static let perSeed = 2_500

    private let server = MCPServer(secrets: .none, imageBudget: 100_000, version: "1.2.3")
    private let rules = MCPRules(tools: Set(ToolTable().definitions.map(\.name)))

    @Test(arguments: seeds)
    func `any request gets a legal answer of its era`(seed: Int) throws {
        var requests = AnyRequest(seed: UInt64(seed))
        var counts: [String: Int] = [:]
        for _ in 0..<Self.perSeed {
            let request = requests.next()
            let answer = server.answer(request.body, request.headers)
            counts[Self.kind(of: answer), default: 0] += 1
            let violation = rules.violation(in: answer.status, answer.body, to: request.body, request.headers)
            try #require(
                violation == nil,
                """
                \(request.headers)
                \(String(decoding: request.body.prefix(2000), as: UTF8.self))
                \(answer.status) \(String(decoding: answer.body.prefix(2000), as: UTF8.self))
                """)
        }
        // The requests are of every kind, or else this shows little.
        for kind in [
            "202", "200 result", "200 -32700", "200 -32600", "200 -32601", "200 -32602", "400 -32700", "400 -32600",
            "400 -32602", "400 -32020", "400 -32022", "404 -32601", "200 batch",
        ] {
            #expect(counts[kind, default: 0] > 0, "no answer was \(kind): \(counts)")
        }
    }

    private static func kind(of answer: MCPAnswer) -> String {
        let json = try? ReferenceJSON(parsing: answer.body)
        if let code = json?["error"]?["code"]?.integer { return "\(answer.status) \(code)" }
        return json?.list != nil ? "200 batch" : json == nil ? "\(answer.status)" : "\(answer.status) result"
    }
}

extension MCPServer {
    /// The answer to what is posted, as if each tool that is called had run. Nothing runs where the arguments do not fit.
    func answer(_ body: [UInt8], _ headers: MCPRules.Headers) -> MCPAnswer {
        let headers = MCPHeaders(version: headers.version, method: headers.method, name: headers.name)
        switch read(body, headers) {
        case .answered(let answer): return answer
        case .calls(let calls):
            return answer(
                to: calls,
                calls.all.map { call in
                    switch call.making {
                    case .success: ToolResult("ran \(call.tool)")
                    case .failure(let error): ToolResult(error.sentence, isError: true)
                    }
                })
        }
    }
}
