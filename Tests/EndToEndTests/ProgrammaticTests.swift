import Foundation
import TestSupport
import Testing

private enum Setup {
    static let key = "a-key-that-is-only-for-tests"
    static let otherKey = "another-key-only-for-tests"
    static let environment = ["E2B_FCGI_KEYS": "chat:\(key),other:\(otherKey)", "E2B_FCGI_TRUSTED_KEYS": "chat"]
}

/// Programs that call the caller's tools, over several requests to two responders, each behind an nginx of its own.
@Suite(.sharedStack(environment: Setup.environment), .timeLimit(.minutes(10)))
struct ProgrammaticTests {
    private static let tools: JSONTree = [
        ["name": "get-weather", "description": "x", "parameters": ["type": "object", "properties": ["city": [:]]]],
        ["name": "add", "parameters": ["type": "object", "properties": ["a": [:], "b": [:]]]],
    ]

    private func send(
        _ body: JSONTree, to client: HTTPClient, at path: String = "/v1/exec/programmatic", key: String = Setup.key,
        user: String? = nil
    ) async throws -> HTTPReply {
        var client = client
        client.headers["X-API-Key"] = key
        client.headers["X-User-ID"] = user
        return try await client.send("POST", path, body: try body.encoded())
    }

    private func answer(_ body: JSONTree, from client: HTTPClient) async throws -> JSONTree {
        let reply = try await send(body, to: client)
        #expect(reply.status == 200, "\(reply.text)")
        return try JSONTree(parsing: reply.body)
    }

    private func start(_ code: String, _ lang: String? = nil) -> JSONTree {
        var body: [String: JSONTree] = ["code": .text(code), "tools": Self.tools, "timeout": 60000]
        if let lang { body["lang"] = .text(lang) }
        return .object(body)
    }

    /// The next request, after each call of an answer was performed.
    private func results(of answer: JSONTree) -> JSONTree {
        let results = (answer["tool_calls"].list ?? []).map { call -> JSONTree in
            let input = call["input"]
            if call["name"] == "add" {
                let sum = (input["a"].integer ?? 0) + (input["b"].integer ?? 0)
                return ["call_id": call["id"], "result": ["sum": .number(Double(sum))], "is_error": false]
            }
            guard let city = input["city"].string, city != "nowhere" else {
                return ["call_id": call["id"], "result": nil, "is_error": true, "error_message": "no such city"]
            }
            return ["call_id": call["id"], "result": .number(Double(city.count)), "is_error": false]
        }
        return ["continuation_token": answer["continuation_token"], "tool_results": .list(results)]
    }

    private func calls(_ answer: JSONTree) -> Set<String> {
        #expect(answer["status"] == "tool_call_required", "\(answer)")
        return Set((answer["tool_calls"].list ?? []).map { "\($0["name"].string ?? "") \($0["input"])" })
    }

    @Test(arguments: [
        (
            String?.none,
            """
            print("begun")
            a, b = await asyncio.gather(get_weather(city="Rome"), get_weather(city="Berlin"))
            total = await add(a=a, b=b)
            open("total.txt", "w").write(str(total["sum"]))
            try:
                await get_weather(city="nowhere") if total["sum"] < 0 else print(total["sum"])
            finally:
                print("ended")
            """
        ),
        (
            "bash",
            #"""
            echo begun
            get_weather '{"city":"Rome"}' > /tmp/a & get_weather '{"city":"Berlin"}' > /tmp/b & wait
            add "{\"a\":$(cat /tmp/a),\"b\":$(cat /tmp/b)}" | tr -dc 0-9 > total.txt
            cat total.txt; echo; echo ended
            """#
        ),
    ])
    func `a program calls three tools, two of them at once, over three requests`(lang: String?, code: String)
        async throws
    {
        let stack = try #require(SharedStack.current)
        try await stack.withResponder { other in
            let first = try await answer(start(code, lang), from: stack.client)
            #expect(calls(first) == [#"get-weather {"city":"Rome"}"#, #"get-weather {"city":"Berlin"}"#])
            let second = try await answer(results(of: first), from: other.client)
            #expect(calls(second) == [#"add {"a":4,"b":6}"#])
            #expect(second["session_id"] == first["session_id"])
            let third = try await answer(results(of: second), from: stack.client)
            #expect(third["status"] == "completed" && third["stdout"] == "begun\n10\nended\n", "\(third)")
            #expect(third["session_id"] == first["session_id"] && third["error"] == .missing)
            let file = third["files"][0]
            #expect(file["name"] == "total.txt" && third["files"].list?.count == 1, "\(third)")
            var client = other.client
            client.headers["X-API-Key"] = Setup.key
            let path = "/v1/download/\(file["session_id"].string ?? "")/\(file["id"].string ?? "")"
            #expect(try await client.get(path).text == "10")
            // Each token is good for one answer, and none after the end.
            #expect(try await send(results(of: first), to: other.client).status == 404)
        }
    }

    @Test func `a continuation has a status for what is wrong with it`() async throws {
        let client = try SharedStack.client
        let waiting = try await answer(start("print(await add(a=1, b=2))\nprint(await add(a=2, b=2))"), from: client)
        let results = results(of: waiting)
        #expect(try await send(results, to: client, key: Setup.otherKey).status == 403)
        #expect(try await send(results, to: client, user: "bob").status == 403)
        var wrong = results.members ?? [:]
        wrong["tool_results"] = [["call_id": "call_999", "result": 1]]
        #expect(try await send(.object(wrong), to: client).status == 400)
        wrong = results.members ?? [:]
        wrong["continuation_token"] = .text((results["continuation_token"].string ?? "") + "A")
        #expect(try await send(.object(wrong), to: client).status == 400)
        // None of these has taken the turn; of two at the same time one gets it.
        async let one = send(results, to: client)
        async let two = send(results, to: client)
        #expect(try await [one.status, two.status].sorted() == [200, 409])
        #expect(try await send(results, to: client).status == 409)
    }

    @Test(arguments: [
        ("import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)", "Sandbox exited with code 3"),
        ("print('out', flush=True)\nimport time; time.sleep(1000)", "Time limit exceeded"),
        ("print('out')\nawait get_forecast()", "Sandbox exited with code 1"),
    ])
    func `what a program does wrong is an answer`(code: String, error: String) async throws {
        var body = start(code).members ?? [:]
        body["timeout"] = 5000
        let answer = try await answer(.object(body), from: SharedStack.client)
        #expect(answer["status"] == "error" && answer["error"].string == error, "\(answer)")
        #expect(answer["stdout"] == "out\n" && answer["stderr"].string?.isEmpty == false)
        #expect(answer["session_id"].string?.count == 21)
    }

    @Test func `a program may wait for results twenty times, and a result has a limit`() async throws {
        var body = start("for i in range(30): await add(a=i, b=1)").members ?? [:]
        body["runtime_session_hint"] = "rounds"
        let client = try SharedStack.client
        var answer = try await answer(.object(body), from: client)
        let large = String(repeating: "x", count: 5 << 20)
        let tooLarge: JSONTree = [
            "continuation_token": answer["continuation_token"],
            "tool_results": [["call_id": "call_001", "result": .text(large)]],
        ]
        #expect(try await send(tooLarge, to: client).status == 413)
        var rounds = 0
        while answer["status"] == "tool_call_required", rounds < 30 {
            rounds += 1
            answer = try await self.answer(results(of: answer), from: client)
        }
        #expect(rounds == 20)
        #expect(answer["status"] == "error" && answer["error"].string?.isEmpty == false, "\(answer)")
    }

    @Test func `a run in a shared sandbox leaves nothing of ours there`() async throws {
        var body = start("print(await add(a=1, b=2))").members ?? [:]
        body["runtime_session_hint"] = "programmatic"
        let client = try SharedStack.client
        let waiting = try await answer(.object(body), from: client)
        let last = try await answer(results(of: waiting), from: client)
        #expect(last["stdout"] == "{'sum': 3}\n" && last["runtime_status"] == "reused", "\(last)")
        let look: JSONTree = [
            "lang": "bash", "code": "ls -A /tmp | grep program", "runtime_session_hint": "programmatic",
        ]
        let reply = try await send(look, to: client, at: "/v1/exec")
        #expect(try JSONTree(parsing: reply.body)["stdout"] == "", "\(reply.text)")
    }

    @Test func `a run is cancelled by its owner alone, by way of any responder`() async throws {
        let stack = try #require(SharedStack.current)
        try await stack.withResponder { other in
            var body = start("touch /mnt/data/begun; sleep 1000", "bash").members ?? [:]
            body["timeout"] = 300_000
            body["runtime_session_hint"] = "cancelled"
            var client = stack.client
            client.headers["X-API-Key"] = Setup.key
            client.headers["X-LibreChat-Code-Request-ID"] = "run-1"
            let run = try await client.start(
                "POST", "/v1/exec/programmatic", body: try JSONTree.object(body).encoded())
            let look: JSONTree = ["lang": "bash", "code": "ls", "runtime_session_hint": "cancelled"]
            try await run.wait(for: "the program") {
                try await send(look, to: stack.client, at: "/v1/exec").text.contains("begun")
            }
            let path = "/v1/exec/programmatic/cancel"
            #expect(
                try await send(["request_id": "run-1"], to: other.client, at: path, key: Setup.otherKey).status == 403)
            #expect(
                try await send(["request_id": "run-2"], to: other.client, at: path).text.contains("already_completed"))
            #expect(run.exit == nil)
            #expect(try await send(["request_id": "run-1"], to: other.client, at: path).text.contains("\"cancelled\""))
            await run.ended()
            #expect(try HTTPReply(parsing: run.output).status == 499)
            let late = try await send(["request_id": "run-1"], to: stack.client, at: path)
            #expect(late.status == 200 && late.text.contains("already_completed"))
            let count: JSONTree = ["lang": "bash", "code": "pgrep -c sleep", "runtime_session_hint": "cancelled"]
            while try JSONTree(parsing: await send(count, to: stack.client, at: "/v1/exec").body)["stdout"] != "0\n" {
                try await Task.sleep(for: .milliseconds(50))
            }
        }
    }
}
