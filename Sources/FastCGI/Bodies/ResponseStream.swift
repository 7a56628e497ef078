internal import Synchronization

/// A response's body on its way from the handler to the server's thread, which sends it.
///
/// The handler's task writes, and waits while too many bytes wait for the thread.
final class ResponseStream: Sendable {
    /// The number of waiting bytes from which on the writer waits. One write may exceed it. The thread holds as many
    /// again.
    static let highWater = 128 << 10

    /// What the thread has to do next.
    enum Step {
        case data([UInt8])
        /// The thread has nothing to send now, and is told when it has.
        case nothing
        /// The body has ended.
        case end
        /// The body has ended before it was whole.
        case failure
    }

    private enum Phase { case open, ended, failed }

    private struct State {
        var pending: [UInt8] = []
        var count = 0
        var phase = Phase.open
        /// Whether the web server has hung up.
        var isClosed = false
        var isCancelled = false
        /// Whether the thread has nothing to send, and waits to be told.
        var isAwaited = false
        var waiter: CheckedContinuation<Void, Never>?

        var hasRoom: Bool { pending.count < ResponseStream.highWater || isClosed }
    }

    private let length: Int?
    private let state = Mutex(State())
    private let onProgress: @Sendable () -> Void

    /// - Parameters:
    ///   - length: the number of bytes that the response's head announces; nil if it announces none.
    ///   - onProgress: called from any thread if ``take()`` has returned `.nothing`, and would return another step now.
    init(length: Int?, onProgress: @escaping @Sendable () -> Void) {
        self.length = length
        self.onProgress = onProgress
    }

    /// Runs `write`, and ends the body when it returns or throws.
    func run(_ write: @Sendable (ResponseWriter) async throws -> Void) async {
        var phase = Phase.ended
        do { try await write(ResponseWriter(self)) } catch { phase = .failed }
        let isAwaited = state.withLock { state in
            if let length, state.count != length { phase = .failed }
            state.phase = phase
            defer { state.isAwaited = false }
            return state.isAwaited
        }
        if isAwaited { onProgress() }
    }

    // MARK: The handler's side

    var count: Int { state.withLock { $0.count } }

    func write(_ bytes: consuming [UInt8]) async throws(FastCGIError) {
        guard !bytes.isEmpty else { return }
        let result = state.withLock { state -> Result<Bool, FastCGIError> in
            guard !state.isClosed else { return .failure(.peerClosed) }
            if let length, bytes.count > length - state.count { return .failure(.lengthMismatch(announced: length)) }
            state.count += bytes.count
            if state.pending.isEmpty { state.pending = bytes } else { state.pending += bytes }
            defer { state.isAwaited = false }
            return .success(state.isAwaited)
        }
        if try result.get() { onProgress() }
        try await room()
    }

    /// Waits until the thread has taken the bytes.
    private func room() async throws(FastCGIError) {
        guard !(state.withLock { $0.hasRoom }) else { return }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isReady = state.withLock { state in
                    let isReady = state.hasRoom || state.isCancelled
                    if !isReady { state.waiter = continuation }
                    return isReady
                }
                if isReady { continuation.resume() }
            }
        } onCancel: {
            let waiter = state.withLock { state in
                state.isCancelled = true
                return state.waiter.take()
            }
            waiter?.resume()
        }
        let (isClosed, hasRoom) = state.withLock { ($0.isClosed, $0.hasRoom) }
        if isClosed { throw .peerClosed }
        if !hasRoom { throw .cancelled }
    }

    // MARK: The thread's side

    func take() -> Step {
        let (step, waiter) = state.withLock { state -> (Step, CheckedContinuation<Void, Never>?) in
            guard state.pending.isEmpty else {
                let bytes = state.pending
                state.pending = []
                return (.data(bytes), state.waiter.take())
            }
            switch state.phase {
            case .open:
                state.isAwaited = true
                return (.nothing, nil)
            case .ended: return (.end, nil)
            case .failed: return (.failure, nil)
            }
        }
        waiter?.resume()
        return step
    }

    /// Whether the writer has ended. If it has not, the thread is told when it does.
    var isOver: Bool {
        state.withLock { state in
            state.isAwaited = state.phase == .open
            return state.phase != .open
        }
    }

    /// Drops the bytes that wait, and makes further writes fail, because the web server has hung up.
    func close() {
        let waiter = state.withLock { state in
            state.isClosed = true
            state.pending = []
            return state.waiter.take()
        }
        waiter?.resume()
    }
}
