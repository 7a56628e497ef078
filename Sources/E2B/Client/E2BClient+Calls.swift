internal import Fetch
internal import JSON
internal import Synchronization

extension E2BClient {
    /// Bytes of an answer to one call.
    static let answerLimit = 8 << 20
    private static let retries = 2

    /// A request to a service of a sandbox, with what leads and admits it there. Protocol.md, 1.4, 1.5.
    func request(
        _ step: E2BError.Step, _ method: String, _ path: String, of service: SandboxService, in sandbox: Sandbox
    ) throws(E2BError) -> FetchRequest {
        guard sandbox.isSendable else {
            throw .refused(step, status: 400, message: "this is not a sandbox's description")
        }
        let base = endpoints.base(ofPort: service.port, in: sandbox)
        var request = FetchRequest(
            method: method, url: base + path, timeout: configuration.requestTimeout, responseLimit: Self.answerLimit)
        request.headers = [("E2b-Sandbox-Id", sandbox.id), ("E2b-Sandbox-Port", String(service.port))]
        // The interpreter fetches the sandbox's variables with it. Without, the code gets an error's text for them.
        if let token = sandbox.envdAccessToken { request.headers.append(("X-Access-Token", token)) }
        if service != .envd, let token = sandbox.trafficAccessToken {
            request.headers.append(("E2B-Traffic-Access-Token", token))
        }
        // Where each sandbox has a host of its own, nobody else could use a connection that is kept, and nobody would close it
        // when the sandbox ends, which is mostly its own timeout's or another process's doing.
        request.keepsConnection = !endpoints.hasHostOfItsOwn(sandbox)
        // The interpreter sees by the connection's end that nobody waits any more.
        if service == .interpreter { request.httpVersion = .http1 }
        return request
    }

    /// Repeats the call, with a pause, only if it surely never arrived: there was no connection. Anything else could do
    /// it twice.
    func response(_ step: E2BError.Step, to request: FetchRequest) async throws(E2BError) -> FetchResponse {
        var request = try limited(request, step)
        let deadline = ContinuousClock.now + request.timeout
        var pause = Duration.milliseconds(100)
        var attempt = 0
        while true {
            request.timeout = deadline - .now
            do {
                return try await fetcher.response(to: request)
            } catch {
                let failure = E2BError(step, error)
                guard failure.isBeforeSending, attempt < Self.retries, .now + pause < deadline else {
                    throw failure
                }
                do { try await Task.sleep(for: pause * Double.random(in: 0.5...1)) } catch { throw .cancelled }
                attempt += 1
                pause *= 2
            }
        }
    }

    /// A call to a service of a sandbox that is answered with 200.
    ///
    /// - Returns: the answer's body.
    func call(_ step: E2BError.Step, _ request: FetchRequest, in sandbox: Sandbox) async throws(E2BError) -> [UInt8] {
        try await explaining(sandbox) { () throws(E2BError) in
            try body(step, of: try await response(step, to: request), in: sandbox)
        }
    }

    /// - Throws: for any other status than 200.
    func body(_ step: E2BError.Step, of response: FetchResponse, in sandbox: Sandbox) throws(E2BError) -> [UInt8] {
        guard response.head.status == 200 else {
            throw E2BError(step, response.head, body: response.body, hiding: secrets(of: sandbox))
        }
        return response.body
    }

    /// Why a stream's head is not what was hoped for, with the words that follow it.
    func refusal(
        _ head: FetchHead, _ stream: FetchStream,
        _ read: (FetchHead, _ body: [UInt8]) -> E2BError
    ) async -> E2BError {
        var body: [UInt8] = []
        // The status says enough; of the words we take what comes.
        while body.count < 1 << 16, let chunk = try? await stream.next() { body += chunk }
        return Task.isCancelled ? .cancelled : read(head, body)
    }

    /// Cancels a stream that has not begun within the time of a call. What follows the beginning has other limits.
    func beginning<Value>(
        of stream: FetchStream, _ step: E2BError.Step, _ begin: () async throws(E2BError) -> Value
    ) async throws(E2BError) -> Value {
        // Whoever is first, the beginning or the clock, makes it true.
        let isDecided = Atomic(false)
        let clock = Task { [limit = configuration.requestTimeout] in
            guard (try? await Task.sleep(for: limit)) != nil else { return }
            if !isDecided.exchange(true, ordering: .acquiringAndReleasing) { stream.cancel() }
        }
        defer { clock.cancel() }
        let result: Result<Value, E2BError>
        do {
            result = .success(try await begin())
        } catch {
            result = .failure(error)
        }
        guard !isDecided.exchange(true, ordering: .acquiringAndReleasing) else { throw .timedOut(step) }
        return try result.get()
    }

    /// What must not be in an error's words.
    func secrets(of sandbox: Sandbox) -> Secrets {
        Secrets(
            [configuration.apiKey, sandbox.envdAccessToken, sandbox.trafficAccessToken], redact: configuration.redact)
    }

    func read<Value>(
        _ step: E2BError.Step, _ body: [UInt8], _ read: (JSONValue) throws(MalformedJSON) -> Value?
    ) throws(E2BError) -> Value {
        // MalformedJSON says nothing to the caller that "not what the protocol says" does not.
        let value = body.withUnsafeBytes { try? read(JSONScanner.value(of: $0)) }
        guard let value else { throw .broken(step, why: "the answer is not what the protocol says") }
        return value
    }
}
