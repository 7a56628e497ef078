import Synchronization
import System

/// The runs that clients can cancel by another request. That request may come to another responder of this machine.
///
/// Each run has an entry under its key in the state directory (``RunPipe``), where every responder finds it. Without
/// such a directory this process finds only its own runs.
final class LiveRuns: Sendable {
    private struct State {
        var runs: [String: LiveRun] = [:]
        var pipe: RunPipe?
        var hasStopped = false
        var wasNoticed = false
    }

    private let directory: StateDirectory
    private let notice: @Sendable (String) -> Void
    private let state = Mutex(State())

    /// - Parameter notice: tells the operator that the directory cannot be used.
    init(_ directory: StateDirectory, notice: @escaping @Sendable (String) -> Void) {
        self.directory = directory
        self.notice = notice
    }

    deinit { stop() }

    /// Removes the entries of this process from the directory. Later runs can be cancelled in this process only.
    func stop() {
        state.withLock { state in
            state.hasStopped = true
            defer { state.pipe = nil }
            return state.pipe
        }?.stop()
    }

    /// Runs `work`. The runs can be cancelled until it ends.
    func holding<Value>(_ runs: [LiveRun], _ work: () async -> Value) async -> Value {
        for run in runs { add(run) }
        defer { for run in runs { remove(run) } }
        return await work()
    }

    /// Cancels the run that has this key, if there is exactly one.
    ///
    /// - Returns: whether there is one.
    @discardableResult
    func cancel(_ key: RunKey) -> Bool {
        if let folder = try? directory.makeFolder(Self.folder) { return RunPipe.cancel(key, in: folder) }
        let own = state.withLock { $0.runs.values.filter { $0.key == key } }
        guard own.count == 1 else { return false }
        own[0].cancel()
        return true
    }

    /// Whether a run has this key.
    func has(_ key: RunKey) -> Bool {
        if let folder = try? directory.makeFolder(Self.folder) { return RunPipe.has(key, in: folder) }
        return state.withLock { $0.runs.values.contains { $0.key == key } }
    }

    private func add(_ run: LiveRun) {
        let isHeld = state.withLock { state in
            guard state.runs.count < Self.most else { return false }
            state.runs[run.name] = run
            return true
        }
        guard isHeld else { return }
        do throws(SystemError) {
            try enter(run)
        } catch {
            let isFirst = state.withLock { state in
                defer { state.wasNoticed = true }
                return !state.wasNoticed
            }
            guard isFirst else { return }
            notice("\(directory.path) is of no use, so a call is cancelled only by the process that has it: \(error)")
        }
    }

    private func enter(_ run: LiveRun) throws(SystemError) {
        let pipe = try makePipe(instead: nil)
        do throws(SystemError) {
            try pipe?.add(run)
        } catch {
            // The entry is gone: somebody has emptied the directory.
            try makePipe(instead: pipe)?.add(run)
        }
    }

    /// - Parameter old: a pipe that cannot be used any more.
    /// - Returns: nil if the runs were stopped.
    private func makePipe(instead old: RunPipe?) throws(SystemError) -> RunPipe? {
        let outcome = state.withLock { state -> Result<RunPipe?, SystemError> in
            if let pipe = state.pipe, pipe !== old { return .success(pipe) }
            guard !state.hasStopped else { return .success(nil) }
            return Result { () throws(SystemError) -> RunPipe? in
                let pipe = try RunPipe(in: directory.makeFolder(Self.folder)) { [weak self] in self?.cancel(named: $0) }
                state.pipe?.stop()
                state.pipe = pipe
                return pipe
            }
        }
        return try outcome.get()
    }

    private func remove(_ run: LiveRun) {
        let pipe = state.withLock { state in
            state.runs[run.name] = nil
            return state.pipe
        }
        pipe?.remove(run)
    }

    private func cancel(named name: String) {
        guard let run = state.withLock({ $0.runs[name] }) else { return }
        // From now on another request may have this key.
        remove(run)
        run.cancel()
    }

    private static let folder = "runs"
    /// The largest number of runs of this process that can be cancelled. It exceeds the number of places and of
    /// requests that wait.
    private static let most = 20_000
}
