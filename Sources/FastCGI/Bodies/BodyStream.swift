internal import Synchronization

/// A request's body on its way from the server's thread, which reads it, to the handler.
///
/// The thread appends the bytes that arrive, and stops reading while too many wait for the handler. `onResume` tells
/// the thread to go on.
final class BodyStream: Sendable {
    /// The number of waiting bytes from which on the thread stops reading. One read may exceed it.
    static let highWater = 64 << 10

    private struct State {
        /// The bytes that have arrived and that the handler has not taken.
        var pending: [UInt8]
        /// The buffer for arriving bytes, while the handler waits for the whole body.
        var buffer: BodyBuffer?
        var end: Result<Void, FastCGIError>?
        var isCancelled = false
        /// Whether the thread has stopped reading.
        var isPaused: Bool
        var waiter: CheckedContinuation<Void, Never>?

        /// Whether a handler that waits can go on.
        var isReady: Bool { end != nil || isCancelled || buffer?.isFull ?? !pending.isEmpty }

        /// Whether more should be read. If the buffer is full and the body has no end, the body is too large.
        var wantsMore: Bool { end == nil && buffer.map { !$0.isFull } ?? (pending.count < BodyStream.highWater) }

        mutating func takeWaiter() -> CheckedContinuation<Void, Never>? {
            guard isReady else { return nil }
            return waiter.take()
        }

        /// Notes that the thread reads again, if it has stopped and more should be read.
        ///
        /// - Returns: whether the thread has to be told.
        mutating func resume() -> Bool {
            guard isPaused, wantsMore else { return false }
            isPaused = false
            return true
        }
    }

    /// The length of the body in bytes; nil if the body ends with the stream.
    let contentLength: Int?
    private let state: Mutex<State>
    private let onResume: @Sendable () -> Void

    /// - Parameters:
    ///   - arrived: the beginning of the body.
    ///   - onResume: called from any thread when the server's thread should read again.
    init(_ arrived: consuming [UInt8], contentLength: Int?, onResume: @escaping @Sendable () -> Void) {
        self.contentLength = contentLength
        self.onResume = onResume
        let isPaused = arrived.count >= Self.highWater
        state = Mutex(State(pending: arrived, isPaused: isPaused))
    }

    // MARK: The thread's side

    /// Whether more should be read now.
    var isWanted: Bool { state.withLock { !$0.isPaused && $0.end == nil } }

    /// Whether the handler waits for bytes.
    var isAwaited: Bool { state.withLock { $0.waiter != nil } }

    func append(_ piece: UnsafeRawBufferPointer) {
        let waiter = state.withLock { state in
            if state.buffer?.append(piece) == nil {
                if state.pending.isEmpty { state.pending.reserveCapacity(max(piece.count, Self.highWater)) }
                state.pending += piece
            }
            state.isPaused = !state.wantsMore
            return state.takeWaiter()
        }
        waiter?.resume()
    }

    /// Ends the body. Only the first call counts.
    ///
    /// - Parameter error: the reason why the body has not arrived whole; nil if it has.
    func end(_ error: FastCGIError?) {
        let waiter = state.withLock { state in
            state.end = state.end ?? error.map { .failure($0) } ?? .success(())
            return state.takeWaiter()
        }
        waiter?.resume()
    }

    // MARK: The handler's side

    /// Returns the next bytes, for which it waits; nil at the end.
    func next() async throws(FastCGIError) -> [UInt8]? {
        while true {
            let (piece, end, isCancelled, resumes) = state.withLock { state in
                let piece = state.pending
                state.pending = []
                return (piece, state.end, state.isCancelled, state.resume())
            }
            if resumes { onResume() }
            if !piece.isEmpty { return piece }
            if let end {
                try end.get()
                return nil
            }
            if isCancelled { throw .cancelled }
            await arrival()
        }
    }

    /// Waits until bytes have arrived, or the body has ended, or the task is cancelled.
    func arrival() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isReady = state.withLock { state in
                    if !state.isReady { state.waiter = continuation }
                    return state.isReady
                }
                if isReady { continuation.resume() }
            }
        } onCancel: {
            let waiter = state.withLock { state in
                state.isCancelled = true
                return state.takeWaiter()
            }
            waiter?.resume()
        }
    }

    /// Whether the body has ended, and the handler has taken all of its bytes.
    var isAtEnd: Bool { state.withLock { $0.end != nil && $0.pending.isEmpty } }

    /// Returns the whole body. Bytes that arrive go into one buffer from now on, so that the handler is woken once, at
    /// the end.
    ///
    /// - Parameter prefix: the bytes that ``next()`` has returned.
    func collect(after prefix: consuming [UInt8], upTo limit: Int) async throws(FastCGIError) -> [UInt8] {
        // The prefix is moved out of its variable, because the buffer must be the array's only owner in order not to
        // copy it.
        var prefix = Optional(prefix)
        let resumes = state.withLock { state in
            var buffer = BodyBuffer(prefix.take() ?? [], contentLength: contentLength, limit: limit)
            state.pending.withUnsafeBytes { buffer.append($0) }
            state.pending = []
            state.buffer = consume buffer
            return state.resume()
        }
        if resumes { onResume() }
        await arrival()
        let (buffer, end) = state.withLock { ($0.buffer.take(), $0.end) }
        guard let buffer else { throw .peerClosed }
        var error: FastCGIError?
        if !buffer.isFull {
            switch end {
            case .success: break
            case .failure(let why): error = why
            case nil: error = .cancelled
            }
        }
        return try buffer.result(unless: error)
    }
}
