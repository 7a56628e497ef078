internal import Fetch

/// The events of one execution as they arrive, for one reader.
struct ExecutionStream {
    private let stream: FetchStream
    private let execution: ExecutionRequest
    private var reader: ExecutionReader
    /// When the code should have started: at the response's head, or at the first sign of life if the execution may queue.
    private var begin: ContinuousClock.Instant?
    private var hasArrived = false
    private var isOver = false
    /// The event that the end of the stream has completed.
    private var last: ExecutionEvent?
    private var chunkCount = 0
    /// The memory for what the reader holds and what is decoded from it; nil if nobody counts it.
    private let reservation: (any MemoryReservation)?

    /// - Parameter stream: a stream whose head has been read.
    init(
        _ stream: FetchStream, _ execution: ExecutionRequest, _ configuration: E2BConfiguration,
        holding reservation: (any MemoryReservation)?
    ) {
        self.stream = stream
        self.execution = execution
        reader = ExecutionReader(
            lineLimit: configuration.lineLimit,
            stringLimits: .init(text: configuration.textLimit, image: configuration.imageLimit))
        self.reservation = reservation
        begin = execution.mayQueue ? nil : .now
    }

    /// Whether the bytes that have arrived may take long to parse.
    var isLarge: Bool { chunkCount + reader.heldCount > 32 << 10 }

    /// Returns the next event of the bytes that have arrived; nil if they hold no further one.
    mutating func next() throws(E2BError) -> ExecutionEvent? {
        if let event = try reader.next() { return event }
        return last.take()
    }

    /// Waits until more bytes have arrived. Call it when ``next()`` has returned nil.
    ///
    /// - Returns: false if the execution has ended.
    mutating func receive() async throws(E2BError) -> Bool {
        if isOver { return false }
        reservation?.shrink(to: reservedCount)
        if reader.isEnded {
            stream.finish()
            return false
        }
        try checkStart()
        if let chunk = try await nextChunk() {
            hasArrived = true
            begin = begin ?? .now
            reader.append(chunk)
            chunkCount = chunk.count
            // While this waits, nothing is read, and so the sandbox has to wait as well.
            if let reservation, await !reservation.hold(reservedCount) {
                throw .outOfMemory(.execute)
            }
        } else {
            isOver = true
            last = try reader.finish()
        }
        return true
    }

    /// The memory for a long line: the line, the larger buffer that it moves to, and what is decoded from it.
    private var reservedCount: Int { reader.heldCount < 256 << 10 ? 0 : 3 * reader.heldCount }

    /// Throws if the code has not started in time. Signs of life come every 5 s, so this is called often enough.
    private func checkStart() throws(E2BError) {
        guard hasArrived, !reader.hasStarted, let begin, .now - begin > execution.startLimit else { return }
        throw .notStarted(within: execution.startLimit)
    }

    private func nextChunk() async throws(E2BError) -> [UInt8]? {
        do {
            return try await stream.next()
        } catch .timedOut {
            // An execution that waited in the queue lost its time to the code of another one.
            throw execution.mayQueue && !hasArrived ? .timedOut(.execute) : .executionTimedOut
        } catch .idle {
            let limit = execution.silenceLimit ?? .zero
            throw .broken(.execute, why: "nothing came for \(limit), not even a sign of life")
        } catch .cut {
            throw .broken(.execute, why: "the stream ended early")
        } catch {
            throw E2BError(.execute, error)
        }
    }
}
