internal import Fetch

extension E2BClient {
    /// Runs code and hands over each event as it arrives, in order. Closes the connection, which interrupts the code, when
    /// `receive` throws or the task is cancelled. Never repeated: the code may have run.
    ///
    /// - Throws: what `receive` throws, or ``E2BError``: `.executionTimedOut` when the code ran into its time limit;
    ///   `.broken(.execute, why:)` when the stream was cut. What had arrived until then has been handed over.
    public func execute(
        _ execution: ExecutionRequest, in sandbox: Sandbox, _ receive: (ExecutionEvent) async throws -> Void
    ) async throws {
        let request = try request(for: execution, in: sandbox)
        do {
            try await fetcher.withStream(of: request) { stream in
                let head = try await head(of: stream)
                guard head.status == 200 else { throw await refusal(head, stream, sandbox) }
                try await read(stream, for: execution, receive)
            }
        } catch let error as FetchError {
            throw E2BError(.execute, error)
        }
    }

    private func request(
        for execution: ExecutionRequest, in sandbox: Sandbox
    ) throws(E2BError) -> FetchRequest {
        guard sandbox.isSendable else {
            throw .refused(.execute, status: 400, message: "this is not a sandbox's description")
        }
        let base = endpoints.interpreter(of: sandbox.id, domain: sandbox.domain)
        var request = FetchRequest(method: "POST", url: base + "/execute", body: execution.json, httpVersion: .http1)
        request.headers = [
            ("Content-Type", "application/json"), ("E2b-Sandbox-Id", sandbox.id),
            ("E2b-Sandbox-Port", String(Endpoints.interpreterPort)),
        ]
        // The interpreter fetches the sandbox's variables with it. Without, the code gets an error's text for them.
        if let token = sandbox.envdAccessToken { request.headers.append(("X-Access-Token", token)) }
        if let token = sandbox.trafficAccessToken { request.headers.append(("E2B-Traffic-Access-Token", token)) }
        request.timeout = execution.timeout
        request.idleTimeout = execution.silenceLimit
        request.responseLimit = configuration.streamLimit
        return request
    }

    private func head(of stream: FetchStream) async throws(E2BError) -> FetchHead {
        do {
            return try await stream.head()
        } catch {
            // The interpreter answers before it runs the code, so this is not the code's time limit.
            throw E2BError(.execute, error)
        }
    }

    private func refusal(_ head: FetchHead, _ stream: FetchStream, _ sandbox: Sandbox) async -> E2BError {
        var body: [UInt8] = []
        // The status says enough; of the words we take what comes.
        while body.count < 1 << 16, let chunk = try? await stream.next() { body += chunk }
        if Task.isCancelled { return .cancelled }
        let secrets = [configuration.apiKey, sandbox.envdAccessToken, sandbox.trafficAccessToken]
        return E2BError(.execute, head, body: body, hiding: secrets.compactMap(\.self))
    }

    private func read(
        _ stream: FetchStream, for execution: ExecutionRequest, _ receive: (ExecutionEvent) async throws -> Void
    ) async throws {
        let begin = ContinuousClock.now
        var reader = ExecutionReader(lineLimit: configuration.lineLimit)
        while let chunk = try await next(of: stream, execution) {
            reader.append(chunk)
            while let event = try reader.next() { try await receive(event) }
            if reader.isEnded { return stream.finish() }
            // Signs of life come every 5 s, so the clock is looked at often enough.
            if !reader.hasStarted, .now - begin > execution.startLimit {
                throw E2BError.broken(.execute, why: "the code did not start within \(execution.startLimit)")
            }
        }
        if let event = try reader.finish() { try await receive(event) }
    }

    private func next(of stream: FetchStream, _ execution: ExecutionRequest) async throws(E2BError) -> [UInt8]? {
        do {
            return try await stream.next()
        } catch .timedOut {
            throw .executionTimedOut
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
