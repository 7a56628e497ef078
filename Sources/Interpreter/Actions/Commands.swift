package import E2B

/// Lists the commands that run.
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

    /// - Returns: nil: it is not running.
    package func perform(_ call: ActionCall) async throws -> RunningProcess? {
        let processes = try await inSandbox(call) { try await call.client.processes(in: $0) }
        return processes.first { $0.pid == pid }
    }
}

/// Ends a command, with all that it has started.
package struct KillCommand: SessionAction {
    package var session: String
    package var pid: UInt32

    package init(session: String, pid: UInt32) {
        self.session = session
        self.pid = pid
    }

    /// - Returns: false: it was not running.
    package func perform(_ call: ActionCall) async throws -> Bool {
        try await inSandbox(call) { sandbox in
            guard try await call.client.processes(in: sandbox).contains(where: { $0.pid == pid }) else { return false }
            // A signal reaches the shell alone, and what it started would live on.
            try await killDescendants(in: sandbox, with: call.client)
            try await call.client.signal(.kill, to: .pid(pid), in: sandbox)
            return true
        }
    }

    /// As root: a command may have been started as any user. Where there is no root, as the user.
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

    /// Stops each process before it looks for its children, so that it makes no new ones meanwhile. `$0` is left stopped.
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
