import Synchronization

/// A response as it arrives. One reader.
///
/// The driver's thread appends; one task takes all there is at once. Past the high-water mark libcurl is told to
/// pause, so that a slow reader slows the sender rather than filling memory.
package final class FetchStream: Sendable {
    private struct State {
        var head: FetchHead?
        var bytes: [UInt8] = []
        var end: Result<Void, FetchError>?
        var isPaused = false
        /// The reader has gone and left the rest of the response to us.
        var isLeft = false
        var reader: CheckedContinuation<Void, Never>?
    }

    /// Bytes. One of libcurl's buffers (16 kB) may come on top.
    static let highWater = 256 << 10

    let id: Transfer.ID
    private let commandQueue: CommandQueue
    private let state = Mutex(State())

    init(_ id: Transfer.ID, _ commandQueue: CommandQueue) {
        self.id = id
        self.commandQueue = commandQueue
    }

    /// Waits for the response's head.
    package func head() async throws(FetchError) -> FetchHead {
        while true {
            let (head, end) = state.withLock { ($0.head, $0.end) }
            if let head { return head }
            if let end {
                try end.get()
                throw .cut
            }
            await wait { $0.head != nil || $0.end != nil }
        }
    }

    /// The next bytes, all that have arrived, or nil at the end. What came before a failure is returned before it is
    /// thrown.
    package func next() async throws(FetchError) -> [UInt8]? {
        while true {
            let (bytes, end, wasPaused) = state.withLock { state in
                let taken = (state.bytes, state.end, state.isPaused)
                state.bytes = []
                state.isPaused = false
                return taken
            }
            if wasPaused { commandQueue.post(.resume(id)) }
            if !bytes.isEmpty { return bytes }
            if let end {
                try end.get()
                return nil
            }
            await wait { !$0.bytes.isEmpty || $0.end != nil }
        }
    }

    /// Leaves the rest of the response, which should be next to nothing, to come by itself within a second, so that the
    /// connection can be used again. Nothing can be read afterwards.
    package func finish() {
        let hasEnded = state.withLock { state in
            state.isLeft = true
            state.bytes = []
            return state.end != nil
        }
        if !hasEnded { commandQueue.post(.finish(id)) }
    }

    /// Ends the transfer if it has not ended: closes its connection, or resets its HTTP/2 stream.
    package func cancel() {
        if state.withLock({ $0.end == nil && !$0.isLeft }) { commandQueue.post(.cancel(id)) }
    }

    /// The reader's own task may be cancelled while the one around the stream is not, so this listens, too.
    private func wait(until isReady: @Sendable (borrowing State) -> Bool) async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { reader in
                let isReady = state.withLock { state in
                    if isReady(state) { return true }
                    precondition(state.reader == nil, "A stream has one reader.")
                    state.reader = reader
                    return false
                }
                if isReady { reader.resume() }
            }
        } onCancel: {
            cancel()
        }
    }

    // MARK: Driver thread

    func begin(_ head: FetchHead) {
        state.withLock { $0.head = head }
    }

    /// False: pause, and offer the same bytes again.
    func append(_ bytes: UnsafeRawBufferPointer) -> Bool {
        state.withLock { state in
            if state.isLeft { return true }
            guard state.bytes.count < Self.highWater else {
                state.isPaused = true
                return false
            }
            state.bytes.append(contentsOf: bytes)
            return true
        }
    }

    func end(_ result: Result<Void, FetchError>) {
        state.withLock { $0.end = result }
    }

    /// Lets the reader see what has come: once, however much that is. To be called soon after any of the above.
    func wakeReader() {
        state.withLock { $0.reader.take() }?.resume()
    }
}
