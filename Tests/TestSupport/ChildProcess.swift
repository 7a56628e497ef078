package import Foundation
import Synchronization

/// How a process ended.
package enum Exit: Equatable, Sendable {
    case status(Int32)
    case signal(Int32)
}

/// A program under test or a peer of it: output in files, ended by `stop()`, and at the latest with the test runner.
package final class ChildProcess: Sendable {
    package let name: String
    package var pid: Int32 { process.processIdentifier }

    private struct State {
        var exit: Exit?
        var waiters: [CheckedContinuation<Void, Never>] = []
    }
    private let process: Process
    private let state = Mutex(State())
    private let outputs: (out: URL, error: URL)

    /// - Parameters:
    ///   - environment: all of it; nothing is inherited but `PATH`, so that the developer's own settings stay out.
    ///   - folder: the working directory, where `<name>.out` and `<name>.err` go.
    ///   - input: what the program reads from stdin; none is `/dev/null`.
    package init(
        _ program: URL, _ arguments: [String] = [], name: String? = nil, environment: [String: String] = [:],
        in folder: URL, input: Data? = nil
    ) async throws {
        let name = name ?? program.lastPathComponent
        let id = UUID().uuidString.prefix(8)
        outputs = (folder.appending(path: "\(name).\(id).out"), folder.appending(path: "\(name).\(id).err"))
        self.name = name

        let process = Process()
        process.executableURL = try Binaries.system("setpriv")
        process.arguments = ["--pdeathsig", "KILL", "--", program.path] + arguments
        process.environment = [
            "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin",
            "HOME": NSHomeDirectory(), "LANG": "C.UTF-8",
        ].merging(environment) { _, own in own }
        process.currentDirectoryURL = folder
        process.standardOutput = try Self.create(outputs.out)
        process.standardError = try Self.create(outputs.error)
        if let input {
            let file = folder.appending(path: "\(name).\(id).in")
            try input.write(to: file)
            process.standardInput = try FileHandle(forReadingFrom: file)
        } else {
            process.standardInput = FileHandle.nullDevice
        }
        self.process = process
        process.terminationHandler = { [weak self] ended in
            self?.ended(
                ended.terminationReason == .exit ? .status(ended.terminationStatus) : .signal(ended.terminationStatus))
        }
        try await SpawnThread.shared.run { try process.run() }
    }

    /// A test that threw may have forgotten it.
    deinit { signal(SIGKILL) }

    /// Everything written so far.
    package var output: Data { (try? Data(contentsOf: outputs.out)) ?? Data() }
    package var outputText: String { String(decoding: output, as: UTF8.self) }
    package var log: String { String(decoding: (try? Data(contentsOf: outputs.error)) ?? Data(), as: UTF8.self) }

    /// How it ended; nil while it runs.
    package var exit: Exit? { state.withLock { $0.exit } }

    package func signal(_ number: Int32) {
        // Under the lock: once `exit` is set, the pid may be somebody else's.
        state.withLock { if $0.exit == nil { kill(process.processIdentifier, number) } }
    }

    /// Waits until it has ended.
    @discardableResult
    package func ended() async -> Exit {
        await withCheckedContinuation { waiter in
            let over = state.withLock { state in
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

    /// Waits until `condition` holds, while this process lives.
    package func wait(
        for what: String, within limit: Duration = .seconds(60), until condition: () async throws -> Bool
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

    private func ended(_ exit: Exit) {
        let waiters = state.withLock { state in
            state.exit = exit
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    private static func create(_ file: URL) throws -> FileHandle {
        try Data().write(to: file)
        return try FileHandle(forWritingTo: file)
    }
}
