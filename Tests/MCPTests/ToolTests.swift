import Foundation
import ImageGate
import Interpreter
import JSON
import Testing

@testable import MCP

/// The tools, as a model sees them and as it calls them.
struct ToolTests {
    private let server = MCPServer(secrets: .none, imageBudget: 50_000)

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

    private static let tables = [ToolTable(), ToolTable().withoutConversations]

    @Test(arguments: tables) func `tools have names, descriptions and schemas that every provider takes`(
        table: ToolTable
    ) {
        for tool in table.definitions {
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

    @Test func `a model is told whether a sandbox stays where it names no session`() throws {
        func list(_ hasConversations: Bool) throws -> String {
            let request = #"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#
            guard
                case .answered(let answer) = server.read(
                    Array(request.utf8), MCPHeaders(), hasConversations: hasConversations)
            else { throw ArgumentError("It was not answered.") }
            return String(decoding: answer.body, as: UTF8.self)
        }
        #expect(try list(true).contains("Without it: the conversation's."))
        #expect(try !list(true).contains("for this call alone"))
        #expect(try list(false).contains("Without it: a new one for this call alone."))
        #expect(try !list(false).contains("conversation"))
    }

    @Test func `each thing is said once`() {
        for table in Self.tables {
            for tool in table.definitions {
                let words = ([tool.purpose] + tool.parameters.map(\.meaning)).joined(separator: " ")
                #expect(words.components(separatedBy: "await").count <= 2, "\(tool.name)")
            }
        }
    }

    @Test func `a link is said to work no longer than its sandbox`() {
        let end = Date(timeIntervalSince1970: 1_795_248_318)
        let link = LinkToFileResult(url: "https://x.example/f?a=b", endsAt: end, sandboxIdle: .seconds(900))
        #expect(
            link.sentence
                == "https://x.example/f?a=b (until 2026-11-21T08:05:18Z at the latest, and no longer than 15 minutes "
                + "after the sandbox's last use)")
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

    @Test func `a text has no blank lines for what is not there, and is never blank`() throws {
        let shown = "The image is already shown to the user."
        for text in ["", "\n", " \n\n"] {
            #expect(try content(ToolResult(text, images: [image(10)]))[0]["text"] as? String == shown)
            #expect(try content(ToolResult(text))[0]["text"] as? String == "There is nothing to show.")
        }
        #expect(try content(ToolResult(" 42\n", images: [image(10)]))[0]["text"] as? String == " 42\n\n\n\(shown)")
        #expect(["", "a", " ", "b\n", ""].paragraphs == "a\n\nb\n")
        #expect([String]().paragraphs == "")
    }

    @Test func `pictures beyond the budget are not shown, and the model is told`() throws {
        let content = try content(ToolResult("", images: [image(30_000), image(30_000), image(20_000)]))
        #expect(content.count == 3)
        #expect((content[0]["text"] as? String)?.contains("1 of 3 pictures are not shown") == true)
    }
}
