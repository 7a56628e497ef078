import Foundation
import ImageGate
@testable import Interpreter
import JSON
import Testing

@testable import MCP

/// The tools, as a model sees them and as it calls them.
struct ToolTests {
    private let server = MCPServer(secrets: .none, imageBudget: 50_000, version: "1.2.3")

    private func calls(_ tool: String, _ arguments: String) throws -> MCPCalls {
        let body =
            #"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"\#(tool)","arguments":\#(arguments)}}"#
        guard case .calls(let calls) = server.read(Array(body.utf8), MCPHeaders()) else {
            throw ArgumentError("It was answered at once.")
        }
        return calls
    }

    /// Why a call's arguments were not taken; nil: they were.
    private func refusal(_ tool: String, _ arguments: String) throws -> String? {
        guard case .failure(let error) = try calls(tool, arguments).all.first?.making else { return nil }
        return error.sentence
    }

    @Test func `tools have names, descriptions and schemas that every provider takes`() {
        for tool in ToolTable().definitions {
            #expect(
                tool.name.utf8.count <= 24 && tool.name.utf8.allSatisfy { $0 == 0x5f || (0x61...0x7a).contains($0) })
            #expect((10...500).contains(tool.purpose.count), "\(tool.name)")
            for parameter in tool.parameters { #expect(!parameter.meaning.isEmpty, "\(parameter.name)") }
        }
    }

    @Test(arguments: [
        ("run_code", #"{"code":"1"}"#), ("run_code", #"{"code":"1","language":"JS","timeout":"30","session":"s"}"#),
        ("run_code", #"{"code":"1","language":"","timeout":null}"#), ("shell", #"{"cmd":"ls","background":"true"}"#),
        ("start_server", #"{"command":"x","port":"8080"}"#), ("install", #"{"packages":"numpy, pandas"}"#),
        ("stop", #"{"command_id":"12"}"#), ("list_files", "{}"), ("list_files", "null"), ("end_session", "{}"),
        ("write_file", #"{"path":"/a","content":""}"#), ("run_code", #"{"code":"1","session":""}"#),
        ("run_code", #"{"code":"1","language":" Python3 "}"#),
        ("stop", #"{"command_id":12.0}"#), ("install", #"{"packages":"x","language":"npm"}"#),
        ("install", #"{"packages":["pip install -q x"]}"#), ("shell", #"{"cmd":"ls","background":1}"#),
        ("write_file", #"{"path":"/a","content":"data:;base64,YQ","encoding":"Base64"}"#),
        ("write_file", #"{"path":"/a","content":"YQ==","encoding":"base64"}"#),
    ])
    func `what can only mean one thing is taken`(tool: String, arguments: String) throws {
        #expect(try refusal(tool, arguments) == nil)
    }

    @Test(arguments: [
        ("run_code", "{}", "`code`"), ("run_code", #"{"code":" "}"#, "`code`"), ("run_code", #"{"code":5}"#, "`code`"),
        ("run_code", #"{"code":"1","language":"cobol"}"#, "`language`"),
        ("run_code", #"{"code":"1","timeout":"soon"}"#, "`timeout`"),
        ("start_server", #"{"command":"x","port":0}"#, "`port`"),
        ("write_file", #"{"path":"/a","content":"!","encoding":"base64"}"#, "`content`"),
        ("install", #"{"packages":["-r"]}"#, "`packages`"), ("install", #"{"packages":[]}"#, "`packages`"),
        ("shell", #"["ls"]"#, "`arguments`"), ("run_code", #"{"code":"1","session":"\n"}"#, "`session`"),
        ("run_code", #"{"code":"1","session":999}"#, "`session`"),
    ])
    func `arguments that do not fit are named, and nothing runs`(tool: String, arguments: String, name: String) throws {
        #expect(try refusal(tool, arguments)?.contains(name) == true)
    }

    private func image(_ count: Int, _ type: ImageType = .png) -> AdmittedImage {
        AdmittedImage(
            bytes: Array(repeating: 7, count: count), type: type, width: 4, height: 4, originalWidth: 4,
            originalHeight: 4, treatment: .passed)
    }

    private func content(_ result: ToolResult) throws -> [[String: Any]] {
        let reply = server.answer(to: try calls("list_files", "{}"), [result])
        #expect(reply.status == 200)
        let object = try #require(JSONSerialization.jsonObject(with: Data(reply.body)) as? [String: Any])
        let answer = try #require(object["result"] as? [String: Any])
        #expect(answer["isError"] as? Bool == result.isError)
        return try #require(answer["content"] as? [[String: Any]])
    }

    @Test func `a result is one text, then its pictures in base64`() throws {
        let content = try content(ToolResult("42", images: [image(10), image(11, .jpeg)]))
        #expect(content.map { $0["type"] as? String } == ["text", "image", "image"])
        #expect(content[0]["text"] as? String == "42\n\nThe images are already shown to the user.")
        #expect(content[1]["mimeType"] as? String == "image/png")
        #expect(content[2]["mimeType"] as? String == "image/jpeg")
        let data = try #require(content[1]["data"] as? String)
        #expect(Data(base64Encoded: data) == Data(repeating: 7, count: 10))
    }

    @Test func `pictures beyond the budget are not shown, and the model is told`() throws {
        let content = try content(ToolResult("", images: [image(30_000), image(30_000), image(20_000)]))
        #expect(content.count == 3)
        #expect((content[0]["text"] as? String)?.contains("1 of 3 pictures are not shown") == true)
    }
}
