package import E2B

/// Lists the commands that are running in the sandbox.
package struct ListCommands: SessionAction {
    package var session: String

    package init(session: String) { self.session = session }

    package func perform(_ call: ActionCall) async throws -> [RunningProcess] {
        try await inSandbox(call) { try await call.client.processes(in: $0) }
    }
}

/// Shows one running command.
package struct ShowCommand: SessionAction {
    package var session: String
    package var pid: UInt32

    package init(session: String, pid: UInt32) {
        self.session = session
        self.pid = pid
    }

    /// - Returns: nil if the command is not running.
    package func perform(_ call: ActionCall) async throws -> RunningProcess? {
        let processes = try await inSandbox(call) { try await call.client.processes(in: $0) }
        return processes.first { $0.pid == pid }
    }
}

/// Ends a command and all processes that it has started.
package struct KillCommand: SessionAction {
    package var session: String
    package var pid: UInt32

    package init(session: String, pid: UInt32) {
        self.session = session
        self.pid = pid
    }

    /// - Returns: false if the command was not running.
    package func perform(_ call: ActionCall) async throws -> Bool {
        try await inSandbox(call) { sandbox in
            guard try await call.client.processes(in: sandbox).contains(where: { $0.pid == pid }) else { return false }
            // A signal to the command reaches its shell only, and the shell's children would live on. So a script ends
            // them all.
            try await killDescendants(in: sandbox, with: call.client)
            try await call.client.signal(.kill, to: .pid(pid), in: sandbox)
            return true
        }
    }

    /// Runs as root, because a command may have been started as any user. A sandbox without root runs it as the user.
    private func killDescendants(in sandbox: Sandbox, with client: E2BClient) async throws {
        var process = ProcessRequest(
            command: "/bin/bash", arguments: ["-c", Self.killDescendants, "\(pid)"], user: "root",
            timeout: .seconds(10))
        do {
            try await client.run(process, in: sandbox) { _ in }
        } catch E2BError.unauthorized, E2BError.refused {
            process.user = nil
            try await client.run(process, in: sandbox) { _ in }
        }
    }

    /// The script stops each process before it looks for the children, so that the process creates no more of them. The
    /// process `$0` stays stopped; a signal ends it afterwards.
    private static let killDescendants = """
        descend() {
          local child
          kill -STOP "$1" 2>/dev/null
          for child in $(cat /proc/"$1"/task/*/children 2>/dev/null); do
            descend "$child"
            kill -KILL "$child" 2>/dev/null
          done
        }
        descend "$0"
        """
}
