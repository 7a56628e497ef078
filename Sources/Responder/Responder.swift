package import E2B
package import FastCGI
import Glibc
import ImageGate
package import Interpreter
import LibreChat
package import System

/// The application: it authenticates a request, passes it to its endpoint, and makes the response.
package final class Responder: Sendable {
    private let configuration: Configuration
    private let authenticator: Authenticator
    private let origins: Origins
    private let executions: Executions
    private let router: Router
    private let lifecycle: SandboxLifecycle?
    private let secrets: SecretRedactor
    private let log: EventLog
    private let threads: ServiceThreads
    private let runs: LiveRuns
    private let gate: ImageGate?
    private let services: ActionServices?
    private let requests: RequestMeasurements
    /// What the service is doing, for people and monitors.
    package let status: ServiceStatus

    /// - Parameters:
    ///   - client: nil if no E2B API key is configured.
    ///   - storage: nil if nothing is kept outside of sandboxes.
    ///   - measurements: where it is counted what is done. The client's observer should count there, too.
    ///   - threads: nil for computing threads of its own, and no loops.
    ///   - earlier: one with another configuration, whose requests in flight go on. What is limited, and what is known of sessions,
    ///     is so for both together. The two may have the same client.
    /// - Throws: if the system does not grant the threads.
    package init(
        _ configuration: Configuration, client: E2BClient?, storage: Storage? = nil,
        measurements: Measurements = Measurements(), threads: ServiceThreads? = nil, log: EventLog,
        continuing earlier: Responder? = nil
    ) throws(SystemError) {
        self.log = log
        let confinement = configuration.makeDecoderConfiguration { log.warning($0) }
        let gate: ImageGate?
        if client == nil {
            gate = nil
        } else if let other = earlier?.gate {
            gate = ImageGate(
                policy: configuration.imagePolicy, decoding: .confined(confinement), sharingThreadsOf: other)
        } else {
            gate = try ImageGate(
                policy: configuration.imagePolicy, threads: configuration.limits.images.threads,
                decoding: .confined(confinement))
        }
        self.gate = gate
        let threads = if let threads { threads } else { try ServiceThreads(hasLoops: false) }
        self.threads = threads
        let configuration = earlier.map { configuration.sharingMemory(with: $0.configuration) } ?? configuration
        self.configuration = configuration
        origins = Origins(
            allowed: configuration.origins,
            // Without keys only programs on this machine may use the service, so the public address is not an allowed origin.
            publicOrigin: configuration.keys.isEmpty
                ? nil : configuration.publicBaseURL.flatMap { BaseURL($0)?.origin })
        authenticator = Authenticator(keys: configuration.keys, origins: origins, tokens: configuration.tokens)
        executions = earlier?.executions ?? Executions(configuration.limits.executions)
        executions.set(configuration.limits.executions)
        let secrets = configuration.secrets
        self.secrets = secrets
        let lifecycle = client.map {
            SandboxLifecycle(
                client: $0, creationLimit: configuration.limits.executions.creations,
                governor: configuration.limits.executions.makeGovernor(), on: threads.calling,
                continuing: earlier?.lifecycle, measurements: measurements
            ) { log.warning($0) }
        }
        self.lifecycle = lifecycle
        let runs = earlier?.runs ?? LiveRuns(configuration.stateDirectory) { log.warning($0) }
        self.runs = runs
        var services: ActionServices?
        if let client, let lifecycle, let gate {
            services = ActionServices(
                client: client, lifecycle: lifecycle,
                runner: CodeRunner(client: client, gate: gate, limits: configuration.limits, secrets: secrets),
                limits: configuration.limits, template: configuration.template, templates: configuration.templates,
                variables: configuration.secretVariables, secrets: secrets, sessionEnd: configuration.sessionEnd,
                sharing: storage?.sharing, continuing: earlier?.services)
        }
        self.services = services
        let requests = earlier?.requests ?? RequestMeasurements()
        self.requests = requests
        let status = ServiceStatus(
            measurements, requests, executions, configuration.limits, storage, continuing: earlier?.status
        ) { lifecycle?.outstanding ?? 0 }
        self.status = status
        let codeAPI = CodeAPIContext(configuration: configuration, storage: storage, secrets: secrets)
        let filesOfCodeAPI: [any Endpoint] =
            [
                ExecEndpoint(context: codeAPI, services: services),
                ProgrammaticEndpoint(context: codeAPI, services: services, runs: runs),
                ProgrammaticCancelEndpoint(context: codeAPI, runs: runs),
                UploadEndpoint(context: codeAPI, isBatch: false), UploadEndpoint(context: codeAPI, isBatch: true),
                DownloadEndpoint(context: codeAPI), SessionFilesEndpoint(context: codeAPI),
                HealthEndpoint(configuration: configuration, executions: executions, path: EndpointPath.codeAPIHealth),
            ] + FileObjectEndpoint.all(codeAPI)
        let endpoints: [any Endpoint] = [
            ExecuteEndpoint(
                services: services, configuration: configuration, secrets: secrets, computing: threads.computing),
            ActionEndpoint(services: services, configuration: configuration, secrets: secrets),
            MCPEndpoint(services: services, runs: runs, configuration: configuration, secrets: secrets),
            SharedFileEndpoint(storage),
            HealthEndpoint(configuration: configuration, executions: executions),
            OpenAPIEndpoint(configuration: configuration, secrets: secrets),
            PageEndpoint(), OperatingEndpoint(page: .metrics, status: status),
            OperatingEndpoint(page: .status, status: status),
        ]
        router = Router(endpoints + filesOfCodeAPI)
    }

    /// Returns the executor on which a request is to be answered; nil for the default one.
    package func executor(for request: FastCGIRequest) -> (any TaskExecutor)? {
        let path = PathSecret.split(request.path)?.path ?? request.path
        return threads.executor(for: request, router.route(at: path), inFlight: executions.count)
    }

    /// Answers one request, and logs it.
    package func respond(to request: consuming FastCGIRequest) async -> Response {
        // Before anything is made of the path.
        let pathSecret = request.takePathSecret()
        let (method, path, client) = (request.method, request.path, request.remoteAddress)
        let forPages = headersForPages(request)
        // Secrets are redacted before the query is cut off, because a secret may contain a question mark.
        let loggedPath = LogText.path(of: secrets.redacted(request.target))
        let match = router.match(method, path)
        let trace = RequestTrace(
            id: TraceID.given(by: request) ?? TraceID.random(), route: match.routePath,
            measurements: status.measurements)
        requests.began(trace)
        // The request leaves this variable, so that it is not kept while it is answered.
        var pending: FastCGIRequest? = consume request
        let answer = await RequestTrace.$current.withValue(trace) {
            await self.answer(to: &pending, match, at: path, pathSecret)
        }
        var response = answer.response
        var outcome = answer.outcome
        response.headers.append(("X-Request-Id", trace.id))
        if !response.has("Cache-Control") { response.headers.append(("Cache-Control", "no-store")) }
        response.headers.append(("X-Content-Type-Options", "nosniff"))
        if !response.has("Access-Control-Allow-Origin") { response.headers += forPages }
        outcome.client = client
        if outcome.problem == nil, response.status >= 400 {
            outcome.problem = "The answer has the status \(response.status)."
        }
        outcome.problem = outcome.problem.map { LogText.of($0, without: secrets) }
        let time = ContinuousClock.now - trace.start
        note(trace, status: response.status, bytesOut: answer.byteCount, outcome, time)
        log.request(
            trace, method: method, path: loggedPath, status: response.status, bytesOut: answer.byteCount,
            duration: time, outcome: outcome)
        return response
    }

    /// Counts a request that is answered.
    private func note(_ trace: RequestTrace, status: Int, bytesOut: Int, _ outcome: Outcome, _ time: Duration) {
        requests.ended(trace, status: status, bytesIn: outcome.bytesIn, bytesOut: bytesOut, in: time)
        if time > configuration.limits.time.standard { requests.slow.add() }
        if let caller = outcome.caller {
            self.status.measurements.usage.transferred(in: outcome.bytesIn, out: bytesOut, for: caller)
        }
        guard let problem = outcome.problem else { return }
        requests.errors.add(
            RecentErrors.Entry(
                time: UsageLedger.clock(), status: status, route: trace.route, error: problem, step: trace.step,
                requestID: trace.id),
            isKnown: outcome.caller != nil)
    }

    /// Logs what each key has used, since the start and on this day.
    package func logUsage() {
        for (key, usage) in status.measurements.usage.total.sorted(by: { $0.key < $1.key }) {
            log.usage(of: key, usage, during: "since the start")
        }
    }

    /// Begins to create sandboxes ahead, if the operator wants some.
    package func startWarming() { services?.warm?.start() }

    /// Ends the sandboxes that were created ahead, and creates no more.
    package func stopWarming() { services?.warm?.stop() }

    /// The sandboxes that were created ahead and can be used.
    package var warmCount: Int { services?.warm?.count ?? 0 }

    /// Refuses new executions and those that wait for a place. Those that are cancelled from now on are answered with 503.
    package func refuseExecutions() { executions.refuse() }

    /// Takes out of the state directory what other responders find there. Call it when nothing runs any more.
    package func leaveStateDirectory() { runs.stop() }

    /// Waits until all sandboxes that have to end are killed. If E2B does not answer in time, the sandboxes end by
    /// their own timeouts.
    ///
    /// - Parameter quiet: the time after which a line of the log says that sandboxes are still being ended.
    package func killOutstanding(quiet: Duration = .zero) async {
        guard let lifecycle else { return }
        if quiet > .zero { await lifecycle.drain(within: quiet) }
        guard lifecycle.outstanding > 0 else { return }
        log.notice("ending \(sandboxes: lifecycle.outstanding), for \(StopTime.kills.components.seconds) s at most")
        await lifecycle.drain(within: StopTime.kills)
        guard lifecycle.outstanding > 0 else { return }
        log.notice("E2B did not end \(sandboxes: lifecycle.outstanding) in time: left to its timeout")
    }

    // MARK: The way of a request

    private func answer(
        to pending: inout FastCGIRequest?, _ match: Router.Match, at path: String, _ pathSecret: String?
    ) async -> Answer {
        guard let request = pending.take() else { return Answer(.cancelled, secrets) }
        switch match {
        case .endpoint(let endpoint, let route): return await answer(to: consume request, endpoint, route, pathSecret)
        case .otherMethod(let endpoint, let routes):
            if let preflight = preflight(request, routes) { return preflight }
            let allowed = routes.flatMap(\.allowedMethods).joined(separator: ", ")
            return endpoint.answer(to: Refusal(status: 405, "\(path) answers \(allowed) only.", allow: allowed))
        case .nothing:
            return Answer(
                Refusal(status: 404, "There is nothing here. The service answers \(router.summary)."), secrets)
        }
    }

    private func answer(
        to request: consuming FastCGIRequest, _ endpoint: any Endpoint, _ route: Route, _ pathSecret: String?
    ) async -> Answer {
        let trace = RequestTrace.current
        trace?.enter(.reading, step: "access")
        var caller: String?
        do throws(Refusal) {
            switch route.access {
            case .anyone: break
            case .operators: caller = try authenticator.identifyOperator(request, pathSecret: pathSecret)
            case .keyHolders:
                let identified = try authenticator.identify(
                    request, pathSecret: pathSecret, takesTokens: route.takesTokens)
                caller = identified.name
                request.subject = identified.subject
            }
        } catch {
            var answer = endpoint.answer(to: error)
            answer.outcome.bytesIn = request.body.readCount
            return answer
        }
        trace?.isCalled(by: caller ?? "")
        trace?.enter(.reading, step: "body")
        // The reservation is kept for as long as what was made of the body may be in memory.
        let memory = configuration.limits.memory.reservation(for: caller ?? "")
        defer { withExtendedLifetime(memory) {} }
        let (acceptance, bytesIn) = await accept(request, endpoint, from: caller ?? "", holding: memory)
        // The time begins here, because the web server waits for an answer only after it has sent the body.
        let deadline = Deadline(configuration.limits.time.answer, from: .now)
        var answer = await follow(acceptance, endpoint, from: caller ?? "", by: deadline)
        answer.outcome.caller = caller
        // More than that has been read by now of a body that was read while it was written.
        answer.outcome.bytesIn = max(answer.outcome.bytesIn, bytesIn)
        return answer
    }

    /// Has the endpoint accept a request. The request ends here, with its params and its body, so that they are not kept while
    /// the execution waits or runs.
    ///
    /// The compiler must not make it a part of its caller, which would keep room for all of this while the execution runs.
    ///
    /// - Returns: what is to be done, and the number of bytes that were read of the body.
    @inline(never)
    private func accept(
        _ request: consuming FastCGIRequest, _ endpoint: any Endpoint, from caller: String,
        holding memory: ByteBudget.Reservation
    ) async -> (Acceptance, bytesIn: Int) {
        do throws(Refusal) {
            let acceptance = try await endpoint.accept(&request, from: caller, holding: memory)
            return (acceptance, request.body.readCount)
        } catch {
            // A request that is cancelled while its body arrives is cancelled because the service stops, or the caller
            // hung up.
            let isStopping = error == .cancelled && executions.isRefusing
            return (.answered(endpoint.answer(to: isStopping ? .shuttingDown : error)), request.body.readCount)
        }
    }

    private func follow(
        _ acceptance: consuming Acceptance, _ endpoint: any Endpoint, from caller: String, by deadline: Deadline
    ) async -> Answer {
        switch consume acceptance {
        case .answered(let answer): return answer
        case .running(let work, let owner, let refused, let around, let isFree):
            @Sendable func body() async -> Answer {
                let refusal: Refusal
                do throws(InterpreterError) {
                    if !isFree, let budget = usedBudget(of: owner ?? caller) {
                        refusal = budget
                    } else {
                        return try await run(work, for: owner ?? caller, by: deadline)
                    }
                } catch {
                    refusal = Refusal(error)
                }
                return refused?(refusal) ?? endpoint.answer(to: refusal)
            }
            guard let around else { return await body() }
            return await around(body)
        }
    }

    /// The refusal of a caller whose key has used up its budget of the day; nil if there is something left.
    private func usedBudget(of owner: String) -> Refusal? {
        let limits = configuration.limits.executions.keys
        guard !limits.isEmpty else { return nil }
        let key = OwnerName.key(of: owner)
        let usage = status.measurements.usage
        guard let part = limits[key]?.exhausted(by: usage.today(of: key)) else { return nil }
        RequestTrace.current?.enter(.queued, step: "budget")
        return .budgetUsed(part, renewedIn: usage.untilTomorrow)
    }

    private func run(
        _ work: @Sendable (_ id: String, _ deadline: Deadline) async -> Answer, for owner: String, by deadline: Deadline
    ) async throws(InterpreterError) -> Answer {
        let trace = RequestTrace.current
        trace?.enter(.queued, step: "queue")
        let arrival = ContinuousClock.now
        // The web server's id is for logs alone. This one names sandboxes and files, so it must not come twice.
        let id = TraceID.random()
        var answer = try await executions.run(for: owner) {
            trace?.waited(inQueue: .now - arrival)
            trace?.enter(.running, step: "action")
            return await E2BClient.$deadline.withValue(deadline.work) { await work(id, deadline) }
        }
        if answer.status == Refusal.cancelled.status, executions.isRefusing {
            // The caller is still there: the task was cancelled because the service is stopping.
            answer.status = 503
            answer.retryAfter = .seconds(5)
        }
        return answer
    }

    // MARK: Web pages

    /// The headers that a page of an allowed origin needs in order to read a response
    /// (https://fetch.spec.whatwg.org/#http-cors-protocol). The browser's own credentials are not allowed, because a
    /// page sends the key itself.
    private func headersForPages(_ request: FastCGIRequest) -> [(name: String, value: String)] {
        guard !origins.isEmpty else { return [] }
        var headers = [(name: "Vary", value: "Origin")]
        if case .allowed(let origin) = origins.standing(of: request) {
            headers.append(("Access-Control-Allow-Origin", origin))
        }
        return headers
    }

    /// Answers the preflight request that a browser sends before JSON or a key from another origin; nil for any other
    /// request.
    ///
    /// - Parameter routes: the routes at the request's path. One preflight may ask for the headers of any of them.
    private func preflight(_ request: FastCGIRequest, _ routes: [Route]) -> Answer? {
        guard request.method == "OPTIONS", case .allowed = origins.standing(of: request) else { return nil }
        let routes = routes.filter { $0.access != .anyone }
        guard !routes.isEmpty else { return nil }
        let headers = Set(routes.flatMap(\.headersOfPages)).sorted()
        var answer = Answer(status: 204, body: [])
        answer.headers = [
            ("Access-Control-Allow-Headers", headers.joined(separator: ", ")),
            ("Access-Control-Allow-Methods", routes.flatMap(\.allowedMethods).joined(separator: ", ")),
        ]
        return answer
    }
}

extension Router.Match {
    /// The path of the route, for counters and lists: there are few of them, whatever is asked for.
    fileprivate var routePath: String {
        switch self {
        case .endpoint(_, let route): route.path
        case .otherMethod(_, let others): others.first?.path ?? Router.noRoute
        case .nothing: Router.noRoute
        }
    }
}

extension Response {
    fileprivate func has(_ name: String) -> Bool { headers.contains { $0.name == name } }
}

extension DefaultStringInterpolation {
    fileprivate mutating func appendInterpolation(sandboxes count: Int) {
        appendLiteral(count == 1 ? "1 sandbox" : "\(count) sandboxes")
    }
}
