internal import Fetch
internal import JSON

extension E2BClient {
    /// Runs a command to its end, and passes each event to `receive` as it arrives, in order.
    ///
    /// The command belongs to this call: if the call fails, `receive` throws or the task is cancelled, the process is
    /// killed before the error is thrown, or soon after it if the sandbox is slow. Processes that it has started are not killed.
    /// The call is never repeated.
    ///
    /// - Returns: how it ended, whatever its exit status.
    /// - Throws: what `receive` throws, or ``E2BError``: `.executionTimedOut` at the command's timeout, at which the
    ///   sandbox kills it; `.tooLarge` beyond ``E2BConfiguration/streamLimit``; `.refused` when it cannot be run;
    ///   `.sandboxGone`; `.broken` when the stream was cut for another reason. Protocol.md, 4.4.
    @discardableResult
    public func run(
        _ process: ProcessRequest, in sandbox: Sandbox, _ receive: (ProcessEvent) async throws -> Void
    ) async throws -> ProcessExit {
        let call = ObservedCall(.runProcess, configuration.observer)
        do {
            let exit = try await complete(process, in: sandbox, receive)
            call.end()
            return exit
        } catch {
            call.end(error)
            throw error
        }
    }

    private func complete(
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

    /// Starts a command, and returns as soon as it runs. The command outlives the call and the client, until its timeout.
    ///
    /// What it prints while nobody is attached is lost. A call that is cancelled kills what it started.
    ///
    /// - Returns: its pid.
    /// - Throws: ``E2BError``. After `.broken` and `.timedOut` the command may run all the same.
    public func start(_ process: ProcessRequest, in sandbox: Sandbox) async throws(E2BError) -> UInt32 {
        let events = try await observed(.startProcess) { () throws(E2BError) in
            try await begin(process, in: sandbox)
        }
        events.close()
        return events.pid
    }

    /// Attaches to a running command, and passes what it does from now on to `receive`, to its end. The command goes on whatever
    /// happens to this call.
    ///
    /// - Throws: what `receive` throws, or ``E2BError``: `.notFound` if there is no such process. envd forgets
    ///   a process half a minute after its end.
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
    /// How long a stream may last past the command's timeout. The sandbox normally says how the command ended, which is better
    /// than our guess; a sandbox that is stuck does not.
    private static let deadlineGrace = Duration.seconds(3)
    /// How long a cancelled call waits for the pid of what it has started.
    private static let startGrace = Duration.seconds(5)
    private static let forever = Duration.seconds(365 * 86_400)
    private static let killLimit = Duration.seconds(5)
    /// How long the error of a command is delayed by killing it.
    private static let killPatience = Duration.seconds(1)

    /// Starts a command.
    ///
    /// Before it runs, its pid is not known, and it cannot be killed. So a cancelled call waits a short time for the pid, and then
    /// kills the process.
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
                // Nothing cancels this task, so there is nothing to catch.
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
        // The caller's task may be cancelled, so the kill has a task of its own.
        await inBackground(waitingAtMost: Self.killPatience) { [self] in
            // The caller throws the first error, which says more.
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
                try await ProcessStream(stream, steps: steps, deadline: deadline, without: secrets(of: sandbox)) {
                    head in
                    await refusal(head, stream) { head, body in
                        E2BError(rpc: steps.opening, head, body: body, without: secrets(of: sandbox))
                    }
                }
            }
        } catch {
            stream.cancel()
            throw error
        }
    }

    /// Passes all events to `receive`, beginning with the start. Returns how the command ended.
    private func exit(
        _ events: ProcessStream, in sandbox: Sandbox, _ receive: (ProcessEvent) async throws -> Void
    ) async throws -> ProcessExit {
        var events = events
        try await receive(.started(pid: events.pid))
        while true {
            // The stream notices a cancellation only when it has to wait, and it need not wait for a command that prints all the time.
            guard !Task.isCancelled else { throw E2BError.cancelled }
            let event = try await explaining(sandbox) { () throws(E2BError) in try await events.next() }
            try await receive(event)
            if case .ended(let exit) = event { return exit }
        }
    }

    /// Makes a request whose body is one envelope and whose response is a stream. Protocol.md, 4.2 and 4.3.
    ///
    /// - Parameter timeout: after this time envd ends the stream, and kills the process that the stream has started.
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
        // The limit is for the start only: after it a command may be silent for ever.
        request.bodyTimeout = configuration.requestTimeout
        request.idleTimeout = ProcessStream.silenceLimit
        request.responseLimit = configuration.streamLimit
        return request
    }
}
