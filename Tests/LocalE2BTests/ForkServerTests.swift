import Foundation
import Testing

@testable import LocalE2B

/// The Python from which agents are forked: its end, its return, and what goes with it.
@Suite(.timeLimit(.minutes(10)), .enabled(if: Machine.canRunSandboxes, .init(rawValue: Machine.needs)))
struct ForkServerTests {
    private struct Client: Sendable {
        let http: RawHTTP
        let key: String

        func create() async throws -> String {
            let answer = await http.send(
                "POST", "/sandboxes", ["X-API-Key": key], body: #"{"templateID":"base","timeout":300}"#)
            return try #require(answer.json["sandboxID"] as? String, "\(answer)")
        }

        /// All that came of the code, as it was sent.
        func run(_ code: String, in id: String) async throws -> String {
            let headers = ["E2b-Sandbox-Id": id, "E2b-Sandbox-Port": "49999", "Content-Type": "application/json"]
            let body = [UInt8](try JSONEncoder().encode(["code": code]))
            return await http.send("POST", "/execute", headers, body: body).body
        }

    }

    /// A running `e2b-local` and what can be asked of it.
    private struct Running {
        let binary: RunningBinary
        let client: Client

        init() async throws {
            binary = try RunningBinary(["--port", "0"])
            let (port, key) = try await binary.ready()
            client = Client(http: RawHTTP(port: port), key: key)
        }

        /// The server and the fork of it that has taken its place, or is about to.
        func forkServers() throws -> [String] {
            try Machine.processes(with: "\(binary.temporary.path)/").filter {
                ProcFile.text("/proc/\($0)/cmdline").contains("forkserver.py")
                    && !ProcFile.text("/proc/\($0)/cmdline").contains("choom")
            }
        }
    }

    private static let plot = "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()"

    /// By process, since which of the two is in charge depends on how far it has come.
    @Test(arguments: [0, 1]) func `a killed server is started again, and its sandboxes live on`(which: Int) async throws
    {
        let running = try await Running()
        let old = try await running.client.create()
        _ = try await running.client.run("kept = 'still here'", in: old)
        var servers = try running.forkServers()
        while servers.count < 2 {
            try await Task.sleep(for: .milliseconds(20))
            servers = try running.forkServers()
        }
        // The lower number is the first's.
        let victim = try #require(servers.compactMap { pid_t($0) }.sorted().dropFirst(which).first)
        kill(victim, SIGKILL)
        // More than are kept ready.
        for _ in 0..<3 {
            let id = try await running.client.create()
            #expect(try await running.client.run(Self.plot, in: id).contains(#""png": ""#))
        }
        #expect(try await running.client.run("print(kept)", in: old).contains("still here"))
        kill(running.binary.process.processIdentifier, SIGTERM)
        #expect(await running.binary.waitForExit() == 0)
        try await Machine.waitForEnd(ofProcessesWith: running.binary.temporary.path)
    }

    @Test(arguments: [SIGKILL, SIGTERM]) func `nothing outlives the program`(signal: Int32) async throws {
        let running = try await Running()
        let id = try await running.client.create()
        let number = "\(Int.random(in: 100_000_000..<1_000_000_000))"
        _ = try await running.client.run("import subprocess\nsubprocess.Popen(['sleep', '\(number)'])", in: id)
        let sleeper = try #require(try Machine.processes(with: "sleep \(number)").first)
        // What was forked into the sandbox does not name this program: it is found by what it shares.
        let inside = try Machine.processes(inNamespaceOf: sleeper)
        // The agent, the kernels' server, the kernel, the sleeper; root sees bubblewrap's first process and what keeps the sandbox, too.
        #expect(inside.count == (getuid() == 0 ? 6 : 4))
        kill(running.binary.process.processIdentifier, signal)
        _ = await running.binary.waitForExit()
        while try !Machine.processes(with: running.binary.temporary.path).isEmpty
            || !Machine.processes(with: "sleep \(number)").isEmpty || !Set(inside).isDisjoint(with: Machine.living())
        {
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    @Test func `a kernel that dies is forked anew, and knows what the first one knew`() async throws {
        let running = try await Running()
        let id = try await running.client.create()
        let die = try await running.client.run("import os\nx = 1\nos.kill(os.getpid(), 9)", in: id)
        #expect(die.contains("ContextRestarting"))
        let state = try await running.client.run("print('x' in dir(), open('/proc/self/comm').read())", in: id)
        #expect(state.contains(#"False python3"#))
        #expect(try await running.client.run(Self.plot, in: id).contains(#""png": ""#))
        kill(running.binary.process.processIdentifier, SIGTERM)
        #expect(await running.binary.waitForExit() == 0)
    }

    @Test func `many are made at once`() async throws {
        let running = try await Running()
        let client = running.client
        try await withThrowingTaskGroup { group in
            for _ in 0..<10 {
                group.addTask {
                    let id = try await client.create()
                    return try await client.run("print(__import__('os').getpid())\n" + Self.plot, in: id)
                }
            }
            for try await output in group { #expect(output.contains(#""png": ""#)) }
        }
        kill(running.binary.process.processIdentifier, SIGTERM)
        #expect(await running.binary.waitForExit() == 0)
    }
}
