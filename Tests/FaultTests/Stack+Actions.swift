import Foundation
import TestSupport
import Testing

extension Stack {
    /// A new sandbox for the session `s`.
    func renewSession() async throws {
        try await set(faults: "")
        _ = try await client.ask("kill")
        let created = try await client.ask("create")
        try #require(created.isSuccess, "\(created.text)")
    }

    /// A command and an execution that are under way for a minute, and have printed `first`.
    func beginBoth() async throws -> [ChildProcess] {
        let shell = try await client.begin("shell", ["command": "echo first; touch /tmp/shell; sleep 60"])
        let code = """
            import time
            known = 'before'
            print('first', flush=True)
            open('/tmp/code', 'w').close()
            time.sleep(60)
            """
        let execution = try await client.begin("execute", ["code": code])
        try await waitForFile("/tmp/shell")
        try await waitForFile("/tmp/code")
        // What was printed before is on its way.
        try await Task.sleep(for: .milliseconds(300))
        return [shell, execution]
    }

    /// What was killed has ended a moment after the answer to that.
    func waitForNoCommands() async throws {
        try await local.wait(for: "the commands' end") {
            (try await client.ask("command_list")["processes"] as? [Any])?.isEmpty == true
        }
    }

    func waitForFile(_ path: String) async throws {
        try await local.wait(for: path) {
            try await client.ask("read_file", ["filePath": path]).isSuccess
        }
    }
}
