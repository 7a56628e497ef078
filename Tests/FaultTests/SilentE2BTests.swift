import Foundation
import TestSupport
import Testing

/// E2B accepts a call and never answers. The model hears of it by `E2B_FCGI_E2B_TIMEOUT`, in words of its own, and not by what
/// a command or a file may take.
@Suite(.timeLimit(.minutes(10)))
struct SilentE2BTests {
    @Test func `silence at any step is told`() async throws {
        try await Stack.with(environment: ["E2B_FCGI_E2B_TIMEOUT": "4"], faults: true) { stack in
            var created = try await stack.client.ask("create")
            // On a busy machine even one that does not hang may take that long.
            for _ in 0..<5 where !created.isSuccess { created = try await stack.client.ask("create") }
            let sandboxID = try #require(created["sandboxId"] as? String, "\(created.text)")
            let commandID = try #require(
                try await stack.client.ask("shell", ["command": "sleep 60", "background": true])["commandId"] as? String
            )
            #expect(try await stack.client.ask("execute", ["code": "1"]).isSuccess)
            let file = "/etc/passwd"
            try await expectSilence(
                [
                    "timeout", "info", "connect", "process-start", "process-list", "file-read", "file-write",
                    "file-stat", "execute",
                ],
                stack,
                [
                    ("set_timeout", ["timeout": 5]), ("kill", ["sandboxId": sandboxID]), ("create", [:]),
                    ("shell", ["command": "true"]), ("shell", ["command": "true", "background": true]),
                    ("install", ["code": "x"]), ("command_list", [:]), ("processinfo", ["pid": 1]),
                    ("read_file", ["filePath": file]), ("write_file", ["filePath": "/tmp/x", "fileContent": "x"]),
                    ("get_file_downloadurl", ["filePath": file]), ("execute", ["code": "1", "timeoutMs": 4000]),
                ])
            try await expectSilence(
                ["list"], stack, [("list_sandboxes", [:]), ("kill", [:]), ("create", ["sessionId": "new"])])
            try await expectSilence(
                ["create", "kill", "process-signal"], stack,
                [
                    ("create", ["sessionId": "new"]), ("kill", ["sandboxId": sandboxID]),
                    ("kill_command", ["commandId": commandID]),
                ])
            #expect(try await stack.client.ask("shell", ["command": "echo alive"]).output == "alive\n")
            // It looks for what E2B may have made, longer than is worth waiting for here.
            stack.responder.signal(SIGKILL)
        }
    }

    private func expectSilence(
        _ steps: [String], _ stack: Stack, _ actions: [(String, [String: any Sendable])]
    ) async throws {
        try await stack.set(faults: steps.map { "\($0):hang" }.joined(separator: ";"))
        var requests: [ChildProcess] = []
        for (action, parameters) in actions { requests.append(try await stack.client.begin(action, parameters)) }
        for request in requests { try await request.told().expectFailure("E2B did not answer in time", "Try again.") }
        try await stack.set(faults: "")
    }
}
