import Synchronization

/// A response as it arrives, for one reader.
///
/// The driver's thread appends bytes, and one task takes all there are at once. Past the high-water mark libcurl is
/// told to pause, so that a slow reader slows the sender down and does not fill memory.
package final class FetchStream: Sendable {
    private struct State {
        var head: FetchHead?
        var bytes: [UInt8] = []
        var end: Result<Void, FetchError>?
        var isPaused = false
        /// Whether the reader has left the rest of the response to the driver.
        var isLeft = false
        var reader: CheckedContinuation<Void, Never>?
    }

    /// Bytes. The stream may hold one of libcurl's buffers (16 kB) more.
    static let highWater = 256 << 10

    let id: Transfer.ID
    /// Of the request's body.
    let pipe: BodyPipe?
    private let commandQueue: CommandQueue
    private let state = Mutex(State())

    init(_ id: Transfer.ID, _ commandQueue: CommandQueue, _ pipe: BodyPipe?) {
        self.pipe = pipe
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

    /// Returns all bytes that have arrived, or nil at the end. Bytes that arrived before an error are returned before
    /// it is thrown.
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

    /// Lets the driver read and drop the rest of the response, which should be next to nothing, within a second, so
    /// that the connection can be used again. Nothing can be read afterwards.
    package func finish() {
        let hasEnded = state.withLock { state in
            state.isLeft = true
            state.bytes = []
            return state.end != nil
        }
        if !hasEnded { commandQueue.post(.finish(id)) }
    }

    /// Ends the transfer, if it has not ended, by closing its connection or resetting its HTTP/2 stream.
    package func cancel() {
        if state.withLock({ $0.end == nil && !$0.isLeft }) { commandQueue.post(.end(id, .cancelled)) }
    }

    /// Waits until `isReady` holds. It reacts to cancellation itself, because the reader's task may be cancelled while
    /// the task that opened the stream is not.
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

    /// Appends bytes; false if libcurl has to pause, and offer the same bytes again.
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

    /// Wakes the reader. Call it soon after any of the methods above; one call suffices for several of them.
    func wakeReader() {
        state.withLock { $0.reader.take() }?.resume()
    }
}
