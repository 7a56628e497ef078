internal import Fetch

extension E2BClient {
    /// Runs code, and passes each event to `receive` as it arrives, in order. If `receive` throws or the task is cancelled, the
    /// connection is closed, which interrupts the code. The call is never repeated, because the code may have run.
    ///
    /// - Parameter reservation: for long lines while they arrive. nil: each is bounded by the configuration's `lineLimit` alone.
    /// - Throws: what `receive` throws, or ``E2BError``: `.executionTimedOut` when the code ran into its time limit;
    ///   `.notStarted` when it surely never ran; `.sandboxGone` when the sandbox ended, and `.broken(.execute, why:)`
    ///   when the stream was cut for another reason. What arrived before that has been passed on. Protocol.md, 5.
    public func execute(
        _ execution: ExecutionRequest, in sandbox: Sandbox, holding reservation: (any MemoryReservation)? = nil,
        _ receive: (ExecutionEvent) async throws -> Void
    ) async throws {
        let call = ObservedCall(.execute, configuration.observer)
        do {
            try await stream(execution, in: sandbox, holding: reservation, receive)
            call.end()
        } catch {
            call.end(error)
            throw error
        }
    }

    private func stream(
        _ execution: ExecutionRequest, in sandbox: Sandbox, holding reservation: (any MemoryReservation)?,
        _ receive: (ExecutionEvent) async throws -> Void
    ) async throws {
        let request = try limited(request(for: execution, in: sandbox), .execute)
        do {
            try await fetcher.withStream(of: request) { stream in
                try await accept(stream, in: sandbox)
                var events = ExecutionStream(stream, execution, configuration, holding: reservation)
                var isOver = false
                while !isOver { isOver = try await handOver(&events, in: sandbox, receive) }
            }
        } catch let error as FetchError {
            throw E2BError(.execute, error)
        }
    }

    /// Hands over events until the execution ends, or the arriving output becomes large or stops being so. Large output
    /// is parsed, and received, on the computing threads.
    ///
    /// - Returns: whether the execution has ended.
    private func handOver(
        _ events: inout ExecutionStream, in sandbox: Sandbox, _ receive: (ExecutionEvent) async throws -> Void
    ) async throws -> Bool {
        let isLarge = events.isLarge
        func handOver() async throws -> Bool {
            repeat {
                while let event = try await explaining(sandbox, { () throws(E2BError) in try events.next() }) {
                    try await receive(event)
                }
                let isOver = try await explaining(sandbox) { () throws(E2BError) in try await !events.receive() }
                if isOver { return true }
            } while events.isLarge == isLarge
            return false
        }
        guard isLarge, let computing else { return try await handOver() }
        return try await withTaskExecutorPreference(computing) { try await handOver() }
    }

    private func request(
        for execution: ExecutionRequest, in sandbox: Sandbox
    ) throws(E2BError) -> FetchRequest {
        var request = try request(.execute, "POST", "/execute", of: .interpreter, in: sandbox)
        request.body = .bytes(execution.json)
        request.headers.append(("Content-Type", "application/json"))
        request.timeout = execution.timeout
        request.idleTimeout = execution.silenceLimit
        request.allowsSilenceBeforeBody = execution.mayQueue
        request.responseLimit = configuration.streamLimit
        // An execution mostly waits, and hundreds may wait at a time.
        request.receiveSize = 4 << 10
        return request
    }

    /// Waits until the interpreter has accepted the code.
    private func accept(_ stream: FetchStream, in sandbox: Sandbox) async throws(E2BError) {
        let head = try await explaining(sandbox) { () throws(E2BError) in try await self.head(of: stream) }
        guard head.status == 200 else {
            throw await refusal(head, stream) { head, body in
                E2BError(.execute, head, body: body, without: secrets(of: sandbox))
            }
        }
    }

    private func head(of stream: FetchStream) async throws(E2BError) -> FetchHead {
        do {
            return try await stream.head()
        } catch {
            // The interpreter answers before it runs the code, so this timeout is not the code's.
            throw E2BError(.execute, error)
        }
    }
}
