import Foundation
import TestSupport
import Testing

@testable import E2B

/// The client and the local server, which were written apart: what one says the other has to understand.
@Suite(.localSandbox, .serialized, .timeLimit(.minutes(10))) struct LocalProcessTests {
    private func output(_ events: [ProcessEvent]) -> (out: String, err: String) {
        var out: [UInt8] = []
        var err: [UInt8] = []
        for event in events {
            if case .stdout(let bytes) = event { out += bytes }
            if case .stderr(let bytes) = event { err += bytes }
        }
        return (String(decoding: out, as: UTF8.self), String(decoding: err, as: UTF8.self))
    }

    @Test func `a command runs`() async throws {
        try await LocalSandbox.with { client, sandbox in
            let events = try await client.events(
                of: .shell("echo \"$A é\"; echo err >&2; pwd; exit 3", envs: ["A": "'\"1"], cwd: "/tmp"), in: sandbox)
            guard case .started(let pid) = events.first else { return #expect(Bool(false), "\(events)") }
            #expect(pid > 0)
            #expect(output(events) == ("'\"1 é\n/tmp\n", "err\n"))
            let exit = ProcessExit(code: 3, isExited: true, status: "exit status 3", error: "exit status 3")
            #expect(events.last == .ended(exit))
            let success = try await client.run(.shell("true"), in: sandbox) { _ in }
            #expect(success == ProcessExit(code: 0, isExited: true, status: "exit status 0"))
            // No shell between: this is one argument.
            let direct = try await client.events(
                of: ProcessRequest(command: "/bin/echo", arguments: ["$HOME; ä", ""]), in: sandbox)
            #expect(output(direct).out == "$HOME; ä \n")
        }
    }

    @Test func `much output arrives whole`() async throws {
        try await LocalSandbox.with { client, sandbox in
            var count = 0
            try await client.run(.shell("head -c 20000000 /dev/zero"), in: sandbox) { event in
                if case .stdout(let bytes) = event { count += bytes.count }
            }
            #expect(count == 20_000_000)
        }
    }

    @Test func `what cannot run says why`() async throws {
        try await LocalSandbox.with { client, sandbox in
            for request in [
                ProcessRequest(command: "/nonexistent"), .shell("true", cwd: "/nonexistent"),
                .shell("true", user: "nobody-at-all"),
            ] {
                let error = await #expect(throws: E2BError.self) {
                    try await client.run(request, in: sandbox) { _ in }
                }
                switch error {
                case .refused(.startProcess, _, let message), .notFound(.startProcess, let message),
                    .unauthorized(.startProcess, let message):
                    #expect(!message.isEmpty)
                default: #expect(Bool(false), "\(request): \(String(describing: error))")
                }
            }
        }
    }

    @Test func `a command in the background is found, heard and ended`() async throws {
        try await LocalSandbox.with { client, sandbox in
            let request = ProcessRequest(
                command: "/bin/bash", arguments: ["-c", "while sleep 0.05; do echo tick; done"], envs: ["A": "b"],
                cwd: "/tmp", tag: "ä tag")
            let pid = try await client.start(request, in: sandbox)
            let list = try await client.processes(in: sandbox)
            let running = try #require(list.first { $0.pid == pid })
            #expect(running.command == request.command && running.arguments == request.arguments)
            #expect(running.tag == "ä tag" && running.envs["A"] == "b" && running.cwd == "/tmp")

            var ticks = 0
            let exit = try await client.attach(to: .tag("ä tag"), in: sandbox) { event in
                if case .started(let attached) = event { #expect(attached == pid) }
                guard case .stdout = event else { return }
                ticks += 1
                if ticks == 2 { try await client.signal(.terminate, to: .pid(pid), in: sandbox) }
            }
            #expect(ticks >= 2)
            #expect(exit.code == -1 && !exit.isExited && exit.signal == "terminated")
            let isThere = try await client.signal(.kill, to: .pid(pid), in: sandbox)
            #expect(!isThere)
            let after = try await client.processes(in: sandbox)
            #expect(!after.contains { $0.pid == pid })
        }
    }

    @Test func `what does not exist is not found`() async throws {
        try await LocalSandbox.with { client, sandbox in
            let isThere = try await client.signal(.kill, to: .tag("none"), in: sandbox)
            #expect(!isThere)
            for selector in [ProcessSelector.pid(4_000_000_000), .tag("none")] {
                await #expect {
                    try await client.attach(to: selector, in: sandbox) { _ in }
                } throws: { if case E2BError.notFound(.attach, _) = $0 { true } else { false } }
                await #expect {
                    try await client.send(input: [1], to: selector, in: sandbox)
                } throws: { if case E2BError.notFound(.sendInput, _) = $0 { true } else { false } }
            }
        }
    }

    @Test func `input arrives whole, to its end`() async throws {
        try await LocalSandbox.with { client, sandbox in
            let input = (0..<600_000).map { UInt8(truncatingIfNeeded: $0 * 31) }
            var received: [UInt8] = []
            try await client.run(
                ProcessRequest(command: "/bin/cat", hasStdin: true), in: sandbox
            ) { event in
                switch event {
                case .started(let pid):
                    // From another task: `cat` stops reading while nobody reads what it writes.
                    Task {
                        try await client.send(input: input, to: .pid(pid), in: sandbox)
                        try await client.closeInput(of: .pid(pid), in: sandbox)
                        try await client.closeInput(of: .pid(pid), in: sandbox)
                    }
                case .stdout(let bytes): received += bytes
                default: break
                }
            }
            #expect(received == input)
            // Without input the end comes at once.
            let exit = try await client.run(ProcessRequest(command: "/bin/cat"), in: sandbox) { _ in }
            #expect(exit.code == 0)
        }
    }

    @Test func `the sandbox ends a command at its timeout`() async throws {
        try await LocalSandbox.with { client, sandbox in
            var pid: UInt32?
            await #expect(throws: E2BError.executionTimedOut) {
                try await client.run(
                    ProcessRequest(command: "/bin/sleep", arguments: ["60"], timeout: .milliseconds(300)), in: sandbox
                ) { if case .started(let started) = $0 { pid = started } }
            }
            try await expectEnd(of: try #require(pid), client, sandbox)
        }
    }

    @Test func `a cancelled command does not run on`() async throws {
        try await LocalSandbox.with { client, sandbox in
            let (started, start) = AsyncStream<UInt32>.makeStream()
            let task = Task {
                try await client.run(ProcessRequest(command: "/bin/sleep", arguments: ["60"]), in: sandbox) { event in
                    if case .started(let pid) = event { start.yield(pid) }
                }
            }
            var pid: UInt32?
            for await started in started {
                pid = started
                break
            }
            task.cancel()
            await #expect(throws: E2BError.cancelled) { try await task.value }
            try await expectEnd(of: try #require(pid), client, sandbox)
        }
    }

    /// The list may be a moment behind a signal: who attaches hears of the end, or that it has been.
    private func expectEnd(of pid: UInt32, _ client: E2BClient, _ sandbox: Sandbox) async throws {
        do {
            let exit = try await client.attach(to: .pid(pid), in: sandbox) { _ in }
            #expect(exit.signal == "killed")
        } catch E2BError.notFound {}
        let running = try await client.processes(in: sandbox)
        #expect(!running.contains { $0.pid == pid })
    }

    @Test func `a sandbox that is killed takes its commands with it`() async throws {
        try await LocalSandbox.with { client, sandbox in
            let isAlive = try await client.isAlive(sandbox)
            #expect(isAlive)
            await #expect {
                try await client.run(.shell("sleep 60"), in: sandbox) { event in
                    if case .started = event { try await client.kill(sandbox: sandbox.id) }
                }
            } throws: { if case E2BError.sandboxGone = $0 { true } else { false } }
            let isStillAlive = try await client.isAlive(sandbox)
            #expect(!isStillAlive)
            await #expect {
                try await client.processes(in: sandbox)
            } throws: { if case E2BError.sandboxGone = $0 { true } else { false } }
        }
    }
}
