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

    /// - Parameter stream: its head has come.
    init(_ stream: FetchStream, _ execution: ExecutionRequest, lineLimit: Int) {
        self.stream = stream
        self.execution = execution
        reader = ExecutionReader(lineLimit: lineLimit)
        begin = execution.mayQueue ? nil : .now
    }

    /// nil: the execution has ended.
    mutating func next() async throws(E2BError) -> ExecutionEvent? {
        while true {
            if let event = try reader.next() { return event }
            if isOver { return nil }
            if reader.isEnded {
                stream.finish()
                return nil
            }
            try checkStart()
            if let chunk = try await nextChunk() {
                hasArrived = true
                begin = begin ?? .now
                reader.append(chunk)
            } else {
                isOver = true
                return try reader.finish()
            }
        }
    }

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
