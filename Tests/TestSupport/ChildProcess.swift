package import Foundation
import Synchronization

/// How a process ended.
package enum Exit: Equatable, Sendable {
    case status(Int32)
    case signal(Int32)
}

/// A program under test or a peer of it: output in files, ended by `stop()`, and at the latest with the test runner.
///
/// A thread starts it and waits for its end. The child asks the kernel for SIGKILL when its parent dies (`setpriv
/// --pdeathsig`), and "parent" is the thread that forked: this one lasts as long as the child, unless the runner dies.
package final class ChildProcess: Sendable {
    package let name: String
    package let pid: Int32

    private struct State {
        var exit: Exit?
        var waiters: [CheckedContinuation<Void, Never>] = []
    }
    private let life: Life
    private let files: Spawn

    /// What the waiting thread and this object share; the thread does not keep the object alive.
    private final class Life: Sendable {
        let state = Mutex(State())
    }

    /// - Parameters:
    ///   - environment: all of it; nothing is inherited but `PATH`, so that the developer's own settings stay out.
    ///   - folder: the working directory, where the files of stdin, stdout and stderr go.
    ///   - input: what the program reads from stdin; none is `/dev/null`.
    ///   - passed: descriptors that become 3, 4 and so on. Each has a number above those here.
    package init(
        _ program: URL, _ arguments: [String] = [], name: String? = nil, environment: [String: String] = [:],
        in folder: URL, input: Data? = nil, passing passed: [CInt] = []
    ) async throws {
        let name = name ?? program.lastPathComponent
        let stem = "\(name).\(UUID().uuidString.prefix(8))"
        var stdin = URL(filePath: "/dev/null")
        if let input {
            stdin = folder.appending(path: "\(stem).in")
            try input.write(to: stdin)
        }
        let inherited = [
            "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin", "HOME": NSHomeDirectory(),
            "LANG": "C.UTF-8",
            // What a test keeps is not kept beyond it.
            "E2B_FCGI_STORE": "off",
        ]
        let spawn = try Spawn(
            program: Binaries.system("env"),
            arguments: ["--chdir=\(folder.path)", "setpriv", "--pdeathsig", "KILL", "--", program.path] + arguments,
            environment: inherited.merging(environment) { _, own in own }, input: stdin,
            output: folder.appending(path: "\(stem).out"), error: folder.appending(path: "\(stem).err"), passed: passed)
        let life = Life()
        pid = try await withCheckedThrowingContinuation { (started: CheckedContinuation<pid_t, any Error>) in
            Thread.detachNewThread {
                let outcome = Result { try spawn.start() }
                started.resume(with: outcome)
                if case .success(let pid) = outcome { Self.wait(for: pid, life) }
            }
        }
        self.name = name
        self.life = life
        files = spawn
    }

    /// A test that threw may have forgotten it.
    deinit { signal(SIGKILL) }

    /// Everything written so far.
    package var output: Data { Self.contents(of: files.output) }
    package var outputText: String { String(decoding: output, as: UTF8.self) }
    package var log: String { String(decoding: Self.contents(of: files.error), as: UTF8.self) }

    /// Not `Data(contentsOf:)`, which leaks a little for an empty file.
    private static func contents(of file: URL) -> Data {
        (try? FileHandle(forReadingFrom: file).readToEnd()) ?? Data()
    }

    /// How it ended; nil while it runs.
    package var exit: Exit? { life.state.withLock { $0.exit } }

    package func signal(_ number: Int32) {
        // Under the lock: once `exit` is set, the pid may be somebody else's.
        life.state.withLock { if $0.exit == nil { kill(pid, number) } }
    }

    /// Waits until it has ended.
    @discardableResult
    package func ended() async -> Exit {
        await withCheckedContinuation { waiter in
            let over = life.state.withLock { state in
                if state.exit == nil { state.waiters.append(waiter) }
                return state.exit != nil
            }
            if over { waiter.resume() }
        }
        return exit ?? .status(0)
    }

    /// Asks with SIGTERM, and no longer asks after `grace`.
    @discardableResult
    package func stop(grace: Duration = .seconds(40)) async -> Exit {
        signal(SIGTERM)
        let force = Task { [self] in
            try await Task.sleep(for: grace)
            signal(SIGKILL)
        }
        defer { force.cancel() }
        return await ended()
    }

    /// Waits for the end that it is to find by itself, and no longer than that.
    package func stop(after limit: Duration) async -> Exit {
        let force = Task { [self] in
            try await Task.sleep(for: limit)
            signal(SIGTERM)
        }
        defer { force.cancel() }
        return await ended()
    }

    /// Waits until `condition` holds, while this process lives.
    package func wait(
        for what: String, within limit: Duration = .seconds(300), until condition: () async throws -> Bool
    ) async throws {
        let deadline = ContinuousClock.now + limit
        while try await !condition() {
            if let exit { throw HarnessError.ended(program: name, exit: exit, log: log + outputText) }
            guard ContinuousClock.now < deadline else {
                throw HarnessError.late(waitingFor: "\(what) of \(name)", log: log + outputText)
            }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    private static func wait(for pid: pid_t, _ life: Life) {
        // Without reaping: until `exit` is set under the lock, `signal` may use the pid.
        var info = siginfo_t()
        while waitid(P_PID, id_t(pid), &info, WEXITED | WNOWAIT) == -1 && errno == EINTR {}
        let waiters = life.state.withLock { state in
            var status: Int32 = 0
            waitpid(pid, &status, 0)
            let signal = status & 0x7f
            state.exit = signal == 0 ? .status(status >> 8 & 0xff) : .signal(signal)
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }
}
