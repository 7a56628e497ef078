internal import Fetch
internal import JSON
internal import Synchronization

extension E2BClient {
    /// The largest number of bytes in the answer to one call.
    static let answerLimit = 8 << 20
    private static let retries = 2

    /// Makes a request to a service of a sandbox, with the headers that route it there and the tokens that admit it.
    /// Protocol.md, 1.4 and 1.5.
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
        // The interpreter fetches the sandbox's variables from envd with this token. Without it the code would find the text of an
        // error in their place.
        if let token = sandbox.envdAccessToken { request.headers.append(("X-Access-Token", token)) }
        if service != .envd, let token = sandbox.trafficAccessToken {
            request.headers.append(("E2B-Traffic-Access-Token", token))
        }
        // Where each sandbox has a host of its own, a kept connection could serve no other sandbox. Nor would anybody close it when
        // the sandbox ends, because mostly a timeout or another process ends it.
        request.keepsConnection = !endpoints.hasHostOfItsOwn(sandbox)
        // The interpreter interrupts the code when the connection ends, which HTTP/2 would hide from it.
        if service == .interpreter { request.httpVersion = .http1 }
        return request
    }

    /// Sends a request, and sends it again after a pause if there was no connection. Only then has it surely not arrived; in any
    /// other case a repetition could do the same thing twice.
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

    /// Makes a call to a service of a sandbox. Any answer but 200 is an error.
    ///
    /// - Returns: the answer's body.
    func call(_ step: E2BError.Step, _ request: FetchRequest, in sandbox: Sandbox) async throws(E2BError) -> [UInt8] {
        try await observed(step) { () throws(E2BError) in
            try await explaining(sandbox) { () throws(E2BError) in
                try body(step, of: try await response(step, to: request), in: sandbox)
            }
        }
    }

    /// Returns a response's body, and throws for any other status than 200.
    func body(_ step: E2BError.Step, of response: FetchResponse, in sandbox: Sandbox) throws(E2BError) -> [UInt8] {
        guard response.head.status == 200 else {
            throw E2BError(step, response.head, body: response.body, without: secrets(of: sandbox))
        }
        return response.body
    }

    /// Makes an error of a stream's head that reports a failure, and of the words that follow it.
    func refusal(
        _ head: FetchHead, _ stream: FetchStream,
        _ read: (FetchHead, _ body: [UInt8]) -> E2BError
    ) async -> E2BError {
        var body: [UInt8] = []
        // The status alone would suffice, so it does not matter if the words are cut short.
        while body.count < 1 << 16, let chunk = try? await stream.next() { body += chunk }
        return Task.isCancelled ? .cancelled : read(head, body)
    }

    /// Runs `begin`, and cancels the stream if that takes longer than a call may. What follows the beginning has other limits.
    func beginning<Value>(
        of stream: FetchStream, _ step: E2BError.Step, _ begin: () async throws(E2BError) -> Value
    ) async throws(E2BError) -> Value {
        // The beginning or the clock, whichever comes first, makes it true.
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

    /// Returns what no error about this sandbox may quote.
    func secrets(of sandbox: Sandbox) -> Secrets {
        Secrets(
            [configuration.apiKey, sandbox.envdAccessToken, sandbox.trafficAccessToken], redact: configuration.redact)
    }

    func read<Value>(
        _ step: E2BError.Step, _ body: [UInt8], _ read: (JSONValue) throws(MalformedJSON) -> Value?
    ) throws(E2BError) -> Value {
        // The caller learns only that the answer is malformed: where it is malformed is of no use to it.
        let value = body.withUnsafeBytes { try? read(JSONScanner.value(of: $0)) }
        guard let value else { throw .broken(step, why: "the answer is not what the protocol says") }
        return value
    }
}
