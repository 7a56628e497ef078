import Foundation
import Testing

@testable import LocalE2B

/// Processes of real sandboxes, through the whole server.
@Suite(.timeLimit(.minutes(10)), .enabled(if: Machine.canRunSandboxes, .init(rawValue: Machine.needs)))
struct ProcessTests {
    /// How many processes of the sandbox have `text` in their command line, once that number is `expected`.
    private static func wait(for expected: Int, _ text: String, _ stub: StubServer, _ id: String) async throws {
        let count = """
            import os, time
            def lines():
                for pid in filter(str.isdigit, os.listdir('/proc')):
                    try: yield open(f'/proc/{pid}/cmdline').read()
                    except OSError: pass
            while sum('\(text)' in line for line in lines()) != \(expected): time.sleep(0.01)
            """
        #expect(try await stub.python(count, in: id) == "")
    }

    private static func pid(_ answer: RawHTTP.Answer) throws -> Int {
        let first = try ConnectEnvelope.all(in: answer.bytes, limit: 1 << 20).first
        let message = try JSONSerialization.jsonObject(with: Data(try #require(first).payload)) as? [String: Any]
        let event = message?["event"] as? [String: Any]
        return try #require((event?["start"] as? [String: Int])?["pid"], "\(answer)")
    }

    private static func ended(_ answer: RawHTTP.Answer) throws -> [String: Any]? {
        try answer.messages().events.last?["end"] as? [String: Any]
    }

    @Test func `a deadline kills a process and all that it started`() async throws {
        try await StubServer.withKernels { stub in
            let id = try await stub.createOpen()
            // A child of its own group, as job control makes them, and a grandchild.
            let command = "set -m; sleep 777 & (sleep 777 & sleep 777) & set +m; echo on; sleep 777"
            let answer = try await stub.bash(command, in: id, timeout: 4000)
            #expect(answer.isWhole)
            #expect(try answer.output() == Data("on\n".utf8))
            let error = try answer.messages().end?["error"] as? [String: String]
            #expect(error == ["code": "deadline_exceeded", "message": "context deadline exceeded"])
            try await Self.wait(for: 0, "sleep\\x00777", stub, id)
            #expect(await stub.rpc("process.Process/List", "{}", in: id).body == "{}")
            // The deadline is the process's: it strikes although nobody listens.
            let left = try await stub.bash("sleep 778", in: id, timeout: 700, leaveAfter: "}}}")
            try await Self.wait(for: 0, "sleep\\x00778", stub, id)
            let again = #"{"process":{"pid":\#(try Self.pid(left))}}"#
            let end = await stub.stream("process.Process/Connect", again, in: id)
            #expect(try Self.ended(end)?["status"] as? String == "signal: killed")
        }
    }

    @Test func `a process in the background goes on, is listed, and its end can be asked for late`() async throws {
        try await StubServer.withKernels { stub in
            let id = try await stub.createOpen()
            let left = try await stub.bash(
                "while [ ! -e go ]; do sleep 0.01; done; echo lost; exit 5", in: id, leaveAfter: "}}}")
            let pid = try Self.pid(left)
            let list = await stub.rpc("process.Process/List", "{}", in: id)
            let processes = try #require(list.json["processes"] as? [[String: Any]])
            #expect(processes.map { $0["pid"] as? Int } == [pid])
            let config = try #require(processes.first?["config"] as? [String: Any])
            #expect(config["cmd"] as? String == "/bin/bash" && (config["args"] as? [String])?.count == 3)
            _ = try await stub.python("open('go', 'w')", in: id)
            while await stub.rpc("process.Process/List", "{}", in: id).body != "{}" {}
            let late = await stub.stream("process.Process/Connect", #"{"process":{"pid":\#(pid)}}"#, in: id)
            #expect(try Self.ended(late)?["exitCode"] as? Int == 5)
            #expect(try late.messages().end?.isEmpty == true)
            let unknown = await stub.stream("process.Process/Connect", #"{"process":{"pid":99999}}"#, in: id)
            let error = try unknown.messages().end?["error"] as? [String: String]
            #expect(error == ["code": "not_found", "message": "process with pid 99999 not found"])
        }
    }

    @Test func `SIGKILL ends the process and its stream, and leaves its children`() async throws {
        try await StubServer.withKernels { stub in
            let id = try await stub.createOpen()
            let started = try await stub.bash("sleep 779 & echo on; wait", in: id, leaveAfter: "data")
            let pid = try Self.pid(started)
            let watcher = Task {
                await stub.stream("process.Process/Connect", #"{"process":{"pid":\#(pid)}}"#, in: id)
            }
            let kill = #"{"process":{"pid":\#(pid)},"signal":"SIGNAL_SIGKILL"}"#
            #expect(await stub.rpc("process.Process/SendSignal", kill, in: id).status == 200)
            // The child holds the pipe open.
            #expect(try Self.ended(await watcher.value)?["status"] as? String == "signal: killed")
            try await Self.wait(for: 1, "sleep\\x00779", stub, id)
            #expect(await stub.rpc("process.Process/SendSignal", kill, in: id).status == 404)
        }
    }

    @Test(arguments: [1_000_000, 20_000_000]) func `output arrives whole`(count: Int) async throws {
        try await StubServer.withKernels { stub in
            let id = try await stub.createOpen()
            let answer = try await stub.bash("yes 0123456789abcde | head -c \(count)", in: id)
            let expected = String(repeating: "0123456789abcde\n", count: count / 16)
            #expect(try answer.output() == Data(expected.utf8))
            #expect(try Self.ended(answer)?["exited"] as? Bool == true)
        }
    }

    @Test func `UTF-8 that is cut anywhere arrives byte for byte`() async throws {
        try await StubServer.withKernels { stub in
            let id = try await stub.createOpen()
            let slowly = "for byte in f0 9f 98 80 c3 a9; do printf \"\\\\x$byte\"; sleep 0.02; done; printf '\\xff'"
            let answer = try await stub.bash(slowly, in: id)
            #expect(try answer.output() == Data("😀é".utf8 + [0xFF]))
            // In chunks of 32 KiB a character of three bytes is cut somewhere.
            let many = try await stub.bash("python3 -c \"print('中' * 100_000, end='')\"", in: id)
            #expect(try many.output() == Data(String(repeating: "中", count: 100_000).utf8))
        }
    }
}
