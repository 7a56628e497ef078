import Foundation
import Interpreter
import JSON
import TestSupport
import Testing

@testable import CodeAPI

/// The program that runs callers' programs, on this machine. A tool's result is its input, and `fail` fails.
@Suite(.timeLimit(.minutes(5)))
struct RunnerTests {
    private struct End {
        var output: String
        var errors: String
        var exit: Exit
        /// The calls of each round, as `name {input}`, sorted.
        var rounds: [[String]] = []
    }

    private func run(_ code: String, _ language: String = "python") async throws -> End {
        let request = JSONTree.object([
            "code": .text(code), "lang": .text(language),
            "tools": .list([
                ["name": "echo-it", "parameters": ["properties": ["x": [:]]]], ["name": "fail"], ["name": "cat"],
            ]),
        ])
        let program = try CallingProgram(
            json: Array(try request.encoded()),
            time: TimeLimits(standard: .seconds(120), maximum: .seconds(300), call: .seconds(30)))
        var record = ProgramRecord(of: program.json)
        _ = record.begin()
        var rounds: [[String]] = []
        while true {
            let folder = FileManager.default.temporaryDirectory.appending(path: "runner-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(at: folder) }
            for (name, bytes) in [
                ("runner.py", PackageResources.runner_py), ("tools.template.sh", PackageResources.tools_template_sh),
                ("request.json", record.runnerRequest(program)),
            ] { try Data(bytes).write(to: folder.appending(path: name)) }
            let python = try await ChildProcess(
                Binaries.system("python3"), ["-u", "\(folder.path)/runner.py", folder.path], in: folder)
            let exit = await python.ended()
            guard let report = try? Data(contentsOf: folder.appending(path: "calls.json")) else {
                return End(output: python.outputText, errors: python.log, exit: exit, rounds: rounds)
            }
            #expect(exit == .status(0))
            let calls = try #require(RunnerCall.list(Array(report)))
            let texts = calls.map { call in String(decoding: JSONWriter.value { $0.node(call.input) }, as: UTF8.self) }
            rounds.append(zip(calls, texts).map { "\($0.name) \($1)" }.sorted())
            let ids = record.add(calls).ids
            let results = zip(ids, zip(calls, texts)).map { id, call in
                call.0.name == "fail"
                    ? #"{"call_id":"\#(id)","is_error":true,"error_message":"it fails"}"#
                    : #"{"call_id":"\#(id)","result":\#(call.1)}"#
            }
            let json = #"{"continuation_token":"t","tool_results":[\#(results.joined(separator: ","))]}"#
            guard
                case .results(let answers) = try ProgrammaticRequest(
                    json: Array(json.utf8),
                    time: TimeLimits(standard: .seconds(1), maximum: .seconds(1), call: .seconds(1)))
            else { throw HarnessError.unreadable(json) }
            _ = try record.add(answers)
        }
    }

    @Test func `calls at once are one round`() async throws {
        let end = try await run(
            """
            a, b = await asyncio.gather(echo_it(x="é"), echo_it(x=2.5))
            print(a["x"], b["x"], (await echo_it({"x": 3}))["x"], (await echo_it(4))["x"])
            """)
        #expect(end.output == "é 2.5 3 4\n" && end.exit == .status(0), "\(end)")
        #expect(
            end.rounds == [
                [#"echo-it {"x":"é"}"#, #"echo-it {"x":2.5}"#], [#"echo-it {"x":3}"#], [#"echo-it {"x":4}"#],
            ])
    }

    @Test func `a tool that fails raises, and chance is the same each time`() async throws {
        let end = try await run(
            """
            import random
            first = random.random()
            for _ in range(2):
                assert (await echo_it(x=random.randint(0, 10 ** 9)))["x"] < 10 ** 9
            try:
                await fail()
            except Exception as error:
                print("caught", error)
            """)
        #expect(end.output == "caught it fails\n" && end.rounds.count == 3, "\(end)")
    }

    @Test func `a program may have its own loop, and take its time`() async throws {
        let end = try await run(
            """
            import asyncio
            async def slow():
                await asyncio.sleep(0.05)
                return await echo_it(x=1)
            async def main():
                print(await asyncio.gather(slow(), echo_it(x=2)))
            asyncio.run(main())
            """)
        #expect(end.output == "[{'x': 1}, {'x': 2}]\n" && end.rounds.count == 1, "\(end)")
    }

    @Test(arguments: [
        ("print('a'); 1/0", Int32(1), "ZeroDivisionError"), ("import sys; sys.exit(3)", 3, ""),
        ("def f(:", 1, "SyntaxError"), ("await nothing()", 1, "NameError"), ("await echo_it(x=object())", 1, "JSON"),
    ])
    func `a program ends as it would alone`(code: String, status: Int32, error: String) async throws {
        let end = try await run(code)
        #expect(end.exit == .status(status) && (error.isEmpty || end.errors.contains(error)), "\(end)")
        #expect(!end.errors.contains("runner.py") && end.rounds.isEmpty)
    }

    @Test func `a program for bash calls functions, some of them at once`() async throws {
        let end = try await run(
            #"""
            one=$(echo_it '{"x":"one"}')
            echo "$one"
            echo_it '{"x":2}' > a & cat '{"y":3}' > b & wait
            /bin/cat a b
            fail '{}' || echo "failed $?"
            echo_it nonsense || echo "bad $?"
            exit 5
            """#, "bash")
        #expect(
            end.output == "{\"x\":\"one\"}\n{\"x\":2}\n{\"y\":3}\nfailed 1\nbad 1\n" && end.exit == .status(5), "\(end)"
        )
        #expect(
            end.rounds == [[#"echo-it {"x":"one"}"#], [#"cat {"y":3}"#, #"echo-it {"x":2}"#], ["fail {}"]])
        #expect(end.errors.contains("it fails"))
    }
}
