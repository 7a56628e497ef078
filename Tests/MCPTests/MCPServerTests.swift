import Foundation
import Interpreter
import Testing

@testable import MCP

/// What a client posts, and what it is answered without a tool.
struct MCPServerTests {
    private let server = MCPServer(
        secrets: SecretRedactor(["TOKEN": "s3cret-value"]), imageBudget: 100_000, version: "1.2.3")

    private struct Reply {
        let status: Int
        let body: [UInt8]

        var object: [String: Any] { (try? JSONSerialization.jsonObject(with: Data(body)) as? [String: Any]) ?? [:] }
        var result: [String: Any] { object["result"] as? [String: Any] ?? [:] }
        var code: Int? { (object["error"] as? [String: Any])?["code"] as? Int }
        var text: String { String(decoding: body, as: UTF8.self) }
    }

    private func reply(_ json: String, _ headers: MCPHeaders = MCPHeaders()) throws -> Reply {
        switch server.read(Array(json.utf8), headers) {
        case .answered(let answer): return Reply(status: answer.status, body: answer.body)
        case .calls(let calls):
            let answer = server.answer(to: calls, calls.all.map { ToolResult("ran \($0.tool)") })
            return Reply(status: answer.status, body: answer.body)
        }
    }

    private let meta =
        #""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}"#

    private func modern(
        _ method: String, _ params: String = "", name: String? = nil, version: String? = "2026-07-28",
        header: String? = nil
    ) throws -> Reply {
        let params = params.isEmpty ? meta : "\(params),\(meta)"
        return try reply(
            #"{"jsonrpc":"2.0","id":"a","method":"\#(method)","params":{\#(params)}}"#,
            MCPHeaders(version: version, method: header ?? method, name: name))
    }

    // MARK: - Legacy

    @Test(arguments: [
        ("2024-11-05", "2024-11-05"), ("2025-03-26", "2025-03-26"), ("2025-06-18", "2025-06-18"),
        ("2025-11-25", "2025-11-25"), ("2026-07-28", "2025-11-25"), ("1999-01-01", "2025-11-25"),
    ])
    func `a handshake gets the version that it asks for, or the newest of its era`(asked: String, given: String) throws
    {
        let reply = try reply(
            #"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"\#(asked)"}}"#)
        #expect(reply.status == 200)
        #expect(reply.object["id"] as? Int == 0)
        #expect(reply.result["protocolVersion"] as? String == given)
        #expect((reply.result["capabilities"] as? [String: Any])?["tools"] as? [String: String] == [:])
        #expect(reply.result["instructions"] is String)
        #expect(reply.result["serverInfo"] as? [String: String] == ["name": "e2b-fcgi", "version": "1.2.3"])
        #expect(reply.result["resultType"] == nil)
    }

    @Test func `a ping gets an empty result`() throws {
        #expect(
            try reply(#"{"jsonrpc":"2.0","id":"x","method":"ping"}"#).text == #"{"jsonrpc":"2.0","id":"x","result":{}}"#
        )
    }

    @Test(arguments: [
        (#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}"#, ["1"]),
        (#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"1","reason":"no"}}"#, ["\"1\""]),
        (#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":null}}"#, []),
        (#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":[1]}}"#, []),
        (#"{"jsonrpc":"2.0","method":"notifications/cancelled"}"#, []),
        (#"{"jsonrpc":"2.0","method":"notifications/cancel","params":{"requestId":1}}"#, []),
        (
            #"[{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":2}},{"jsonrpc":"2.0","id":3,"method":"ping"}]"#,
            ["2"]
        ),
    ])
    func `a notification cancels the request that it names`(json: String, cancelled: [String]) throws {
        guard case .calls(let calls) = server.read(Array(json.utf8), MCPHeaders()) else {
            #expect(cancelled.isEmpty)
            return
        }
        #expect(calls.cancelled.map(\.typed) == cancelled)
        #expect(calls.all.isEmpty)
    }

    @Test func `a call of the legacy era has the id by which it is cancelled, unless that is endless`() throws {
        for (id, typed) in [("7", "7"), (#""a""#, #""a""#), ("\"\(String(repeating: "a", count: 1025))\"", nil)] {
            let json =
                #"{"jsonrpc":"2.0","id":\#(id),"method":"tools/call","params":{"name":"shell","arguments":{"command":"ls"}}}"#
            guard case .calls(let calls) = server.read(Array(json.utf8), MCPHeaders()) else {
                Issue.record("no call")
                continue
            }
            #expect(calls.all.map { $0.id?.typed } == [typed])
        }
        let json =
            #"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"shell","arguments":{"command":"ls"},\#(meta)}}"#
        let headers = MCPHeaders(version: "2026-07-28", method: "tools/call", name: "shell")
        guard case .calls(let calls) = server.read(Array(json.utf8), headers) else {
            Issue.record("no call")
            return
        }
        #expect(calls.all.map { $0.id?.typed } == [nil])
    }

    @Test(arguments: [
        "0", "-0", "7", "-7", "1e3", "1E+3", "1.0", "1.50e1", "9007199254740993", "18446744073709551616",
        "-100000000000000000000000000000001", "1e400",
    ])
    func `a number that is whole by its value is an id, and comes back as it was written`(id: String) throws {
        for reply in [
            try reply(#"{"jsonrpc":"2.0","id":\#(id),"method":"ping"}"#),
            try reply(#"{"jsonrpc":"2.0","id":\#(id),"method":"nothing"}"#),
            try reply(
                #"{"jsonrpc":"2.0","id":\#(id),"method":"tools/call","params":{"name":"shell","arguments":{"command":"ls"}}}"#
            ),
        ] {
            #expect(reply.status == 200)
            #expect(reply.text.hasPrefix(#"{"jsonrpc":"2.0","id":\#(id),""#), "\(reply.text)")
        }
    }

    @Test(arguments: ["1.5", "1e-1", "0.1e0", "15e-1", "1e-400", String(repeating: "9", count: 1001)])
    func `another number is no id`(id: String) throws {
        let reply = try reply(#"{"jsonrpc":"2.0","id":\#(id),"method":"ping"}"#)
        #expect(reply.code == -32600)
        #expect(reply.object["id"] is NSNull)
    }

    @Test(arguments: [("1000", "1e3"), ("1.0", "1"), ("-0", "0"), ("120e1", "1.2E+3"), ("1e400", "10.0e399")])
    func `a call is cancelled by the same number, however it is written`(id: String, other: String) throws {
        func typed(_ json: String) throws -> [String?] {
            guard case .calls(let calls) = server.read(Array(json.utf8), MCPHeaders()) else { return [] }
            return calls.all.map { $0.id?.typed } + calls.cancelled.map(\.typed)
        }
        let call = try typed(
            #"{"jsonrpc":"2.0","id":\#(id),"method":"tools/call","params":{"name":"shell","arguments":{"command":"ls"}}}"#
        )
        let notice = #"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":\#(other)}}"#
        #expect(call.count == 1 && call[0] != nil)
        #expect(try typed(notice) == call)
    }

    @Test(arguments: [
        #"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
        #"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}"#,
        #"{"jsonrpc":"2.0","id":5,"result":{}}"#, #"{"jsonrpc":"2.0","id":5,"error":{"code":1,"message":"no"}}"#,
    ])
    func `what needs no answer gets 202 and no body`(json: String) throws {
        for headers in [MCPHeaders(), MCPHeaders(version: "2026-07-28", method: "x")] {
            let reply = try reply(json, headers)
            #expect(reply.status == 202)
            #expect(reply.body.isEmpty)
        }
    }

    @Test(arguments: [
        ("", -32700), ("{", -32700), ("nonsense", -32700), ("\u{0}", -32700),
        (String(repeating: "[", count: 10_000) + String(repeating: "]", count: 10_000), -32700),
        ("[]", -32600), ("5", -32600), ("null", -32600), (#""text""#, -32600), ("{}", -32600),
        (#"{"jsonrpc":"1.0","id":1,"method":"ping"}"#, -32600), (#"{"id":1,"method":"ping"}"#, -32600),
        (#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#, -32600),
        (#"{"jsonrpc":"2.0","id":1.5,"method":"ping"}"#, -32600),
        (#"{"jsonrpc":"2.0","id":[],"method":"ping"}"#, -32600),
        (#"{"jsonrpc":"2.0","id":1,"method":5}"#, -32600), (#"{"jsonrpc":"2.0","id":1}"#, -32600),
        (#"{"jsonrpc":"2.0","id":1,"method":"resources/list"}"#, -32601),
        (#"{"jsonrpc":"2.0","id":1,"method":"server/discover"}"#, -32601),
        (#"{"jsonrpc":"2.0","id":1,"method":"tools/call"}"#, -32602),
        (#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"nothing"}}"#, -32602),
    ])
    func `an error rides on 200 in the legacy era`(json: String, code: Int) throws {
        let reply = try reply(json)
        #expect(reply.status == 200)
        #expect(reply.code == code, "\(reply.text)")
        #expect(reply.object["jsonrpc"] as? String == "2.0")
    }

    @Test func `a batch is answered with an array, and without what needs no answer`() throws {
        let json = #"""
            [{"jsonrpc":"2.0","id":1,"method":"ping"},{"jsonrpc":"2.0","method":"notifications/initialized"},
            {"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"shell","arguments":{"command":"ls"}}},
            {"jsonrpc":"2.0","id":3,"method":"nothing"}]
            """#
        let answers = try #require(
            JSONSerialization.jsonObject(with: Data(try reply(json).body)) as? [[String: Any]])
        #expect(answers.compactMap { $0["id"] as? Int } == [1, 2, 3])
        #expect(answers[1]["result"] != nil && answers[2]["error"] != nil)
    }

    // MARK: - Modern

    @Test func `discovery names every version, and how long it may be kept`() throws {
        let result = try modern("server/discover").result
        #expect(result["resultType"] as? String == "complete")
        #expect((result["supportedVersions"] as? [String])?.contains("2025-06-18") == true)
        #expect((result["supportedVersions"] as? [String])?.first == "2026-07-28")
        #expect(result["ttlMs"] as? Int != nil)
        // Another key may be told something else of the same tools.
        #expect(result["cacheScope"] as? String == "private")
        #expect((result["_meta"] as? [String: Any])?["io.modelcontextprotocol/serverInfo"] != nil)
    }

    @Test func `the list of tools is the same in both eras, but for what each adds`() throws {
        let old = try reply(#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#).result
        let new = try modern("tools/list").result
        let names = { (result: [String: Any]) in
            (result["tools"] as? [[String: Any]])?.compactMap { $0["name"] as? String } ?? []
        }
        #expect(names(old) == names(new))
        #expect(names(old).first == "run_code" && names(old).count == 10)
        #expect(old["resultType"] == nil && new["resultType"] as? String == "complete" && new["ttlMs"] != nil)
    }

    @Test(arguments: ["ping", "initialize", "resources/list", "subscriptions/listen"])
    func `a method that the modern era does not have is 404`(method: String) throws {
        let reply = try modern(method)
        #expect(reply.status == 404)
        #expect(reply.code == -32601)
        #expect(reply.object["id"] as? String == "a")
    }

    @Test func `headers that are missing or say something else than the body are refused`() throws {
        let call = #""name":"run_code","arguments":{"code":"1"}"#
        for reply in [
            try modern("tools/list", version: nil), try modern("tools/list", version: "2025-06-18"),
            try modern("tools/list", version: "2026-07-28, 2026-07-28"), try modern("tools/list", header: "tools/call"),
            try modern("tools/list", header: ""), try modern("tools/call", call),
            try modern("tools/call", call, name: "shell"),
            try modern("tools/call", call, name: "=?base64?c2hlbGw=?="),
            try modern("tools/call", call, name: "=?base64?!?="),
        ] {
            #expect(reply.status == 400)
            #expect(reply.code == -32020, "\(reply.text)")
        }
        #expect(try modern("tools/call", call, name: "run_code").status == 200)
        #expect(try modern("tools/call", call, name: "=?base64?cnVuX2NvZGU=?=").status == 200)
        #expect(try modern("tools/call", call, name: " run_code ").status == 200)
    }

    @Test func `a version that is not supported is answered with those that are`() throws {
        let reply = try reply(
            #"{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2030-01-01","io.modelcontextprotocol/clientCapabilities":{}}}}"#,
            MCPHeaders(version: "2030-01-01", method: "tools/list"))
        #expect(reply.status == 400)
        #expect(reply.code == -32022)
        let data = (reply.object["error"] as? [String: Any])?["data"] as? [String: Any]
        #expect(data?["requested"] as? String == "2030-01-01")
        #expect((data?["supported"] as? [String])?.contains("2025-11-25") == true)
    }

    @Test(arguments: [
        "", #""_meta":{}"#, #""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}"#,
        #""_meta":{"io.modelcontextprotocol/protocolVersion":5,"io.modelcontextprotocol/clientCapabilities":{}}"#,
    ])
    func `a request that does not name its version and its client's capabilities is refused`(params: String) throws {
        let reply = try reply(
            #"{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{\#(params)}}"#,
            MCPHeaders(version: "2026-07-28", method: "tools/list"))
        #expect(reply.status == 400)
        #expect(reply.code == -32602)
    }

    @Test func `a body that is not JSON is 400 in the modern era`() throws {
        let reply = try reply("{", MCPHeaders(version: "2026-07-28", method: "tools/list"))
        #expect(reply.status == 400)
        #expect(reply.code == -32700)
    }

    // MARK: - Results

    @Test func `secrets do not come out`() throws {
        let text = try reply(#"{"jsonrpc":"2.0","id":1,"method":"s3cret-value"}"#).text
        #expect(text.contains("[hidden:TOKEN]") && !text.contains("s3cret"))
    }
}
