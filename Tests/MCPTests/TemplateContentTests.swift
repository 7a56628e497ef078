import Foundation
import Interpreter
import JSON
import Testing

@testable import MCP

/// What a model is told of the sandboxes, and which tools it gets.
struct TemplateContentTests {
    private func content(_ members: [JSONNode.Member]) -> TemplateContent {
        TemplateContent(
            of: "ours", in: [["id": "theirs", "languages": ["r"]], .object([.init("id", "ours")] + members)])
    }

    private func runCode(_ content: TemplateContent) throws -> ToolDefinition {
        try #require(ToolTable(template: content).definition("run_code"))
    }

    @Test func `languages and libraries are the template's`() throws {
        let content = content([
            .init("languages", ["python", "sh", "cobol", "bash"]), .init("libraries", ["numpy", "torch", "duckdb"]),
        ])
        let tool = try runCode(content)
        #expect(
            tool.purpose.hasSuffix(
                "It runs Python and bash, with numpy, torch and duckdb; show a plot with plt.show(), and await at top level."
            ))
        let language = try #require(tool.parameters.first { $0.name == "language" })
        #expect(language.type == .choice(["python", "bash"]))
    }

    @Test func `a template without Python runs its first language`() throws {
        let tool = try runCode(content([.init("languages", ["r", "bash"])]))
        #expect(tool.purpose.hasSuffix("It runs R and bash."))
        #expect(tool.parameters.first { $0.name == "language" }?.meaning == "Default r.")
    }

    @Test func `a description is told as it is, in one sentence`() throws {
        let tool = try runCode(content([.init("description", "Python, bash\n and the usual libraries.")]))
        #expect(
            tool.purpose.hasSuffix(
                "What is there: Python, bash and the usual libraries; show a plot with plt.show(), and await at top level."
            ))
    }

    @Test func `where nothing is said, only what is sure is told`() throws {
        for content in [TemplateContent(), content([]), TemplateContent(of: "x", in: .null)] {
            #expect(try runCode(content).purpose.contains("R and Java where they are installed."))
        }
    }

    @Test func `a language that the template does not have is refused before a sandbox is asked`() throws {
        let server = MCPServer(
            tools: ToolTable(template: content([.init("languages", ["python"])])), secrets: .none, imageBudget: 1000,
            version: "1.2.3")
        let body =
            #"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"run_code","arguments":{"code":"1","language":"r"}}}"#
        guard case .calls(let calls) = server.read(Array(body.utf8), MCPHeaders()),
            case .failure(let error) = calls.all.first?.making
        else {
            Issue.record("it was taken")
            return
        }
        #expect(error.sentence.contains("`language`") && error.sentence.contains("python"))
    }

    @Test func `a tool that is left out is not listed, and unknown when it is called`() throws {
        let server = MCPServer(
            tools: ToolTable(offering: ["read_file", "run_code"]), secrets: .none, imageBudget: 1000, version: "1.2.3")
        func answer(_ body: String) throws -> [String: Any] {
            guard case .answered(let answer) = server.read(Array(body.utf8), MCPHeaders()) else { return [:] }
            return try #require(JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: Any])
        }
        let list = try answer(#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#)["result"] as? [String: Any]
        #expect(
            (list?["tools"] as? [[String: Any]])?.compactMap { $0["name"] as? String } == ["run_code", "read_file"])
        let refusal = try answer(
            #"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"shell","arguments":{"command":"ls"}}}"#)
        #expect((refusal["error"] as? [String: Any])?["code"] as? Int == -32602)
    }

    @Test func `every description is two sentences at most`() {
        for tool in ToolTable().definitions + ToolTable().withoutConversations.definitions {
            #expect(tool.purpose.components(separatedBy: ". ").count <= 2, "\(tool.name)")
        }
    }
}
