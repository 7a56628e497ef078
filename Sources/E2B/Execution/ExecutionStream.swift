internal import Fetch

/// The events of one execution as they arrive. One reader.
struct ExecutionStream {
    private let stream: FetchStream
    private let execution: ExecutionRequest
    private var reader: ExecutionReader
    /// Since when the code should be running: the response's head, or the first sign of life of one that may queue.
    private var begin: ContinuousClock.Instant?
    private var hasArrived = false
    private var isOver = false
    /// For what the reader holds, and what is made of it. nil: no matter.
    private let reservation: (any MemoryReservation)?

    /// - Parameter stream: its head has come.
    init(_ stream: FetchStream, _ execution: ExecutionRequest, _ configuration: E2BConfiguration) {
        self.stream = stream
        self.execution = execution
        reader = ExecutionReader(
            lineLimit: configuration.lineLimit,
            stringLimits: .init(text: configuration.textLimit, image: configuration.imageLimit))
        reservation = configuration.makeReservation?()
        begin = execution.mayQueue ? nil : .now
    }

    /// nil: the execution has ended.
    mutating func next() async throws(E2BError) -> ExecutionEvent? {
        while true {
            if let event = try reader.next() { return event }
            if isOver { return nil }
            reservation?.shrink(to: reservedCount)
            if reader.isEnded {
                stream.finish()
                return nil
            }
            try checkStart()
            if let chunk = try await nextChunk() {
                hasArrived = true
                begin = begin ?? .now
                reader.append(chunk)
                // Nothing more is read meanwhile, and so the sandbox has to wait, too.
                if let reservation, await !reservation.hold(reservedCount) {
                    throw .outOfMemory(.execute)
                }
            } else {
                isOver = true
                return try reader.finish()
            }
        }
    }

    /// A long line, the larger room that it moves to, and what is decoded out of it.
    private var reservedCount: Int { reader.heldCount < 256 << 10 ? 0 : 3 * reader.heldCount }

    /// Signs of life come every 5 s, so the clock is looked at often enough.
    private func checkStart() throws(E2BError) {
        guard hasArrived, !reader.hasStarted, let begin, .now - begin > execution.startLimit else { return }
        throw .notStarted(within: execution.startLimit)
    }

    private func nextChunk() async throws(E2BError) -> [UInt8]? {
        do {
            return try await stream.next()
        } catch .timedOut {
            // In the queue it was another one's code that took the time.
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
