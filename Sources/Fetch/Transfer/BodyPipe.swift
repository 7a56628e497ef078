import Synchronization

/// A request's body on its way from the task that makes it to the driver's thread: the counterpart of ``FetchStream``.
///
/// The task waits while the buffer is full, and libcurl pauses while it is empty.
final class BodyPipe: Sendable {
    private struct State {
        /// What has not been taken begins at `start`.
        var bytes: [UInt8] = []
        var start = 0
        /// Bytes that have been appended since the beginning.
        var total = 0
        /// Whether libcurl has asked for the first byte.
        var isWanted = false
        /// Whether all bytes have been appended.
        var isWhole = false
        /// Whether libcurl waits for bytes.
        var isPaused = false
        /// Whether the transfer has ended, or the source has failed.
        var isClosed = false
        var task: Task<Void, Never>?
        var writer: CheckedContinuation<Void, Never>?

        var count: Int { bytes.count - start }
        var hasRoom: Bool { isWanted && count < BodyPipe.highWater }
    }

    enum Taken {
        case bytes(Int)
        case pause
        case end
    }

    /// Bytes. The pipe may hold one piece more.
    static let highWater = 256 << 10

    let length: Int?
    private let id: Transfer.ID
    private let commandQueue: CommandQueue
    private let state = Mutex(State())

    init(_ id: Transfer.ID, _ commandQueue: CommandQueue, length: Int?) {
        self.id = id
        self.commandQueue = commandQueue
        self.length = length
    }

    /// The pipe of a request whose body is in pieces, and the task that fills it.
    static func fill(from body: FetchBody?, _ id: Transfer.ID, _ commandQueue: CommandQueue) -> BodyPipe? {
        guard case .pieces(let source) = body else { return nil }
        let pipe = BodyPipe(id, commandQueue, length: source.length)
        let task = Task { await source.fill(pipe) }
        pipe.state.withLock { $0.task = task }
        return pipe
    }

    // MARK: Filling task

    /// Waits until libcurl wants bytes and there is room for a piece. False: nobody takes them any more.
    func waitForRoom() async -> Bool {
        await withCheckedContinuation { writer in
            let isReady = state.withLock { state in
                if state.hasRoom || state.isClosed { return true }
                state.writer = writer
                return false
            }
            if isReady { writer.resume() }
        }
        return state.withLock { !$0.isClosed }
    }

    func append(_ piece: [UInt8]) throws(BodyError) {
        guard !piece.isEmpty else { return }
        let (isTooLong, wasPaused) = state.withLock { state in
            guard !state.isClosed else { return (false, false) }
            if let length, piece.count > length - state.total { return (true, false) }
            state.total += piece.count
            if state.count == 0 {
                // Without copying it: a piece may be large.
                (state.bytes, state.start) = (piece, 0)
            } else {
                if state.start > state.bytes.count / 2 {
                    state.bytes.removeFirst(state.start)
                    state.start = 0
                }
                state.bytes += piece
            }
            defer { state.isPaused = false }
            return (false, state.isPaused)
        }
        if let length, isTooLong { throw .wrongLength(announced: length) }
        if wasPaused { commandQueue.post(.resume(id)) }
    }

    /// Says that all bytes have been appended.
    func finish() throws(BodyError) {
        let (isTooShort, wasPaused) = state.withLock { state in
            guard !state.isClosed else { return (false, false) }
            if let length, state.total < length { return (true, false) }
            state.isWhole = true
            defer { state.isPaused = false }
            return (false, state.isPaused)
        }
        if let length, isTooShort { throw .wrongLength(announced: length) }
        if wasPaused { commandQueue.post(.resume(id)) }
    }

    /// Ends the transfer, because the rest of the body will not come.
    ///
    /// - Parameter note: is called before that, unless the transfer has ended already.
    func fail(_ note: () -> Void) {
        let wasOpen = state.withLock { state in
            defer { state.isClosed = true }
            return !state.isClosed
        }
        guard wasOpen else { return }
        note()
        commandQueue.post(.end(id, .bodyFailed))
    }

    /// Waits until the task has ended, after the transfer has.
    func waitForTask() async { await state.withLock { $0.task }?.value }

    // MARK: Driver thread

    /// Moves the next bytes. Where the length was announced, the last byte is held back until the source has ended: had it
    /// more than that, the server would otherwise have taken the body for a whole one.
    func take(into room: UnsafeMutableRawBufferPointer) -> Taken {
        let (taken, writer) = state.withLock { state -> (Taken, CheckedContinuation<Void, Never>?) in
            state.isWanted = true
            let isHeldBack = !state.isWhole && state.total == length
            let count = min(room.count, isHeldBack ? state.count - 1 : state.count)
            if count > 0 {
                room.copyBytes(from: state.bytes[state.start..<state.start + count])
                state.start += count
                if state.count == 0 { (state.bytes, state.start) = ([], 0) }
            } else {
                state.isPaused = !state.isWhole
            }
            let writer = state.hasRoom ? state.writer.take() : nil
            return (count > 0 ? .bytes(count) : state.isWhole ? .end : .pause, writer)
        }
        writer?.resume()
        return taken
    }

    /// The number of all bytes; nil while the source has not ended.
    var wholeCount: Int? { state.withLock { $0.isWhole ? $0.total : nil } }

    /// Lets the source know that nothing more is taken.
    func close() {
        let (task, writer) = state.withLock { state in
            state.isClosed = true
            (state.bytes, state.start) = ([], 0)
            return (state.task, state.writer.take())
        }
        task?.cancel()
        writer?.resume()
    }

    /// Lets the transfer end soon, without the rest of the body: the server has refused it.
    func leave() { commandQueue.post(.finish(id)) }
}
