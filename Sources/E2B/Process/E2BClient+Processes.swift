internal import Fetch
internal import JSON

extension E2BClient {
    /// Runs a command to its end and hands over each event as it arrives, in order.
    ///
    /// The command belongs to this call: if the call fails, `receive` throws or the task is cancelled, the process is
    /// killed before the error goes on, or soon after it where the sandbox is slow. That is the process itself, not what it has started. Never repeated.
    ///
    /// - Returns: how it ended, whatever its exit status.
    /// - Throws: what `receive` throws, or ``E2BError``: `.executionTimedOut` at the command's timeout, at which the
    ///   sandbox kills it; `.tooLarge` beyond ``E2BConfiguration/streamLimit``; `.refused` when it cannot be run;
    ///   `.sandboxGone`; `.broken` when the stream was cut for another reason. Protocol.md, 4.4.
    @discardableResult
    public func run(
        _ process: ProcessRequest, in sandbox: Sandbox, _ receive: (ProcessEvent) async throws -> Void
    ) async throws -> ProcessExit {
        let events = try await begin(process, in: sandbox)
        defer { events.close() }
        do {
            return try await exit(events, in: sandbox, receive)
        } catch E2BError.sandboxGone(let message) {
            throw E2BError.sandboxGone(message: message)
        } catch {
            await kill(events.pid, in: sandbox)
            throw error
        }
    }

    /// Starts a command and returns as soon as it runs. It outlives the call and the client, until its timeout.
    ///
    /// What it prints while nobody is attached is lost. A call that is cancelled kills what it started.
    ///
    /// - Returns: its pid.
    /// - Throws: ``E2BError``. After `.broken` and `.timedOut` it may run all the same.
    public func start(_ process: ProcessRequest, in sandbox: Sandbox) async throws(E2BError) -> UInt32 {
        let events = try await begin(process, in: sandbox)
        events.close()
        return events.pid
    }

    /// Hands over what a running command does from now on, to its end. Leaves it alone whatever happens here.
    ///
    /// - Throws: what `receive` throws, or ``E2BError``: `.notFound` when there is no such process, which is so half a
    ///   minute after its end.
    @discardableResult
    public func attach(
        to process: ProcessSelector, in sandbox: Sandbox, _ receive: (ProcessEvent) async throws -> Void
    ) async throws -> ProcessExit {
        var message = JSONWriter()
        message.member("process", process)
        let request = try streamRequest(.attach, .connect, message, user: nil, timeout: nil, in: sandbox)
        let events = try await open(request, steps: (.attach, .runProcess), deadline: nil, in: sandbox)
        defer { events.close() }
        return try await exit(events, in: sandbox, receive)
    }
}

extension E2BClient {
    /// How long a stream may last past the command's timeout: the sandbox's verdict is better than our clock's, where one
    /// comes. A sandbox that is stuck has none.
    private static let deadlineGrace = Duration.seconds(3)
    /// How long a call that has been cancelled waits to hear what it has started.
    private static let startGrace = Duration.seconds(5)
    private static let forever = Duration.seconds(365 * 86_400)
    private static let killLimit = Duration.seconds(5)
    /// How long a command's error waits for the kill.
    private static let killPatience = Duration.seconds(1)

    /// Starts a command.
    ///
    /// Until it runs its pid is not known, and nobody could kill it. So a cancelled caller still waits for that, for a
    /// short time, and the process is then killed.
    private func begin(_ process: ProcessRequest, in sandbox: Sandbox) async throws(E2BError) -> ProcessStream {
        guard !Task.isCancelled else { throw .cancelled }
        let request = try streamRequest(
            .startProcess, .start, process.message, user: process.user, timeout: process.timeout, in: sandbox)
        let deadline = process.timeout.map { ContinuousClock.now + min($0, Self.forever) }
        let opening = Task.immediate { () -> Result<ProcessStream, E2BError> in
            do throws(E2BError) {
                return .success(
                    try await open(request, steps: (.startProcess, .runProcess), deadline: deadline, in: sandbox))
            } catch {
                return .failure(error)
            }
        }
        let result = await withTaskCancellationHandler {
            await opening.value
        } onCancel: {
            Task {
                // Nobody cancels this one.
                try? await Task.sleep(for: Self.startGrace)
                opening.cancel()
            }
        }
        guard Task.isCancelled else { return try result.get() }
        if case .success(let events) = result {
            events.close()
            await kill(events.pid, in: sandbox)
        }
        throw .cancelled
    }

    private func kill(_ pid: UInt32, in sandbox: Sandbox) async {
        // The caller's task may be cancelled.
        await inBackground(waitingAtMost: Self.killPatience) { [self] in
            // The caller has an error to throw, which says more than this one.
            _ = try? await signal(.kill, to: .pid(pid), in: sandbox, timeout: Self.killLimit)
        }
    }

    /// - Returns: a stream whose first event, the start of the process, has come.
    private func open(
        _ request: FetchRequest, steps: (opening: E2BError.Step, running: E2BError.Step),
        deadline: ContinuousClock.Instant?, in sandbox: Sandbox
    ) async throws(E2BError) -> ProcessStream {
        let request = try limited(request, steps.opening)
        let stream: FetchStream
        do {
            stream = try fetcher.open(request)
        } catch {
            throw E2BError(steps.opening, error)
        }
        do {
            return try await explaining(sandbox) { () throws(E2BError) in
                try await ProcessStream(stream, steps: steps, deadline: deadline, hiding: secrets(of: sandbox)) {
                    head in
                    await refusal(head, stream) { head, body in
                        E2BError(rpc: steps.opening, head, body: body, hiding: secrets(of: sandbox))
                    }
                }
            }
        } catch {
            stream.cancel()
            throw error
        }
    }

    /// Hands over all events, beginning with the start.
    private func exit(
        _ events: ProcessStream, in sandbox: Sandbox, _ receive: (ProcessEvent) async throws -> Void
    ) async throws -> ProcessExit {
        var events = events
        try await receive(.started(pid: events.pid))
        while true {
            // The stream notices it only when it has to wait, which a command that talks without pause spares it.
            guard !Task.isCancelled else { throw E2BError.cancelled }
            let event = try await explaining(sandbox) { () throws(E2BError) in try await events.next() }
            try await receive(event)
            if case .ended(let exit) = event { return exit }
        }
    }

    /// The request of a stream: one envelope. Protocol.md, 4.2, 4.3.
    ///
    /// - Parameter timeout: at which envd ends the stream and, if it started one, kills the process.
    private func streamRequest(
        _ step: E2BError.Step, _ method: RPCMethod, _ message: JSONWriter, user: String?, timeout: Duration?,
        in sandbox: Sandbox
    ) throws(E2BError) -> FetchRequest {
        var request = try rpcRequest(step, method, user: user, in: sandbox)
        request.body = .bytes(EnvelopeSplitter.envelope(message.finish()))
        request.headers += [("Content-Type", "application/connect+json"), ("Keepalive-Ping-Interval", "50")]
        if let timeout { request.headers.append(("Connect-Timeout-Ms", WireFormat.milliseconds(timeout))) }
        request.httpVersion = .http1
        request.timeout = timeout.map { min($0, Self.forever) + Self.deadlineGrace } ?? Self.forever
        // A command may be silent for ever after its start.
        request.bodyTimeout = configuration.requestTimeout
        request.idleTimeout = ProcessStream.silenceLimit
        request.responseLimit = configuration.streamLimit
        return request
    }
}
