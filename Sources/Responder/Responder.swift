import Budget
package import E2B
package import FastCGI
import Glibc
import ImageGate
import Interpreter
import LibreChat
package import System

/// The application: who may ask, what for, and what the answer looks like on the wire.
package final class Responder: Sendable {
    private let configuration: Configuration
    private let authenticator: Authenticator
    private let origins: Origins
    private let executions: Executions
    private let router: Router
    private let lifecycle: SandboxLifecycle?
    private let secrets: SecretRedactor
    private let log: EventLog
    /// Where what a caller asks for is computed: texts and files may have megabytes. What shows that the service lives does
    /// not wait for that.
    private let computing: TaskThreads

    /// How many requests' texts and files are computed at a time.
    package static var computingThreads: Int { max(2, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

    /// - Parameter client: nil when no key for E2B is configured.
    /// - Throws: when the system does not grant its threads.
    package init(_ configuration: Configuration, client: E2BClient?, log: EventLog) throws(SystemError) {
        self.configuration = configuration
        self.log = log
        let confinement = configuration.makeDecoderConfiguration { log.notice($0) }
        let gate =
            try client == nil
            ? nil
            : ImageGate(
                policy: configuration.imagePolicy, threads: configuration.imageThreads,
                decoding: .confined(confinement))
        // Last of what may fail: its threads would not end with an object that has never been whole.
        computing = try TaskThreads(named: "computing", count: Self.computingThreads)
        origins = Origins(
            allowed: configuration.origins,
            // Without keys that address has no say: only this machine is answered.
            publicOrigin: configuration.keys.isEmpty
                ? nil : configuration.publicBaseURL.flatMap { BaseURL($0)?.origin })
        authenticator = Authenticator(keys: configuration.keys, origins: origins)
        executions = Executions(configuration.executions)
        let secrets = configuration.secrets
        self.secrets = secrets
        let lifecycle = client.map {
            SandboxLifecycle(client: $0, creationLimit: configuration.executions.places) { log.notice($0) }
        }
        self.lifecycle = lifecycle
        var services: ActionServices?
        if let client, let lifecycle, let gate {
            services = ActionServices(
                client: client, lifecycle: lifecycle,
                runner: CodeRunner(client: client, gate: gate, limits: configuration.limits, secrets: secrets),
                limits: configuration.limits, template: configuration.template, templates: configuration.templates,
                variables: configuration.secretVariables, secrets: secrets)
        }
        router = Router([
            ExecuteEndpoint(services: services, configuration: configuration, secrets: secrets),
            ActionEndpoint(services: services, configuration: configuration, secrets: secrets),
            HealthEndpoint(configuration: configuration, executions: executions),
            OpenAPIEndpoint(configuration: configuration, secrets: secrets),
        ])
    }

    deinit { computing.stop() }

    /// Where a request should be answered.
    package func executor(for request: FastCGIRequest) -> (any TaskExecutor)? {
        router.route(at: request.path)?.runsCode == true ? computing : nil
    }

    /// Answers one request and writes its line in the log.
    package func respond(to request: consuming FastCGIRequest) async -> Response {
        let start = ContinuousClock.now
        let id = makeRequestID()
        let (method, path, client) = (request.method, request.path, request.remoteAddress)
        let forPages = headersForPages(request)
        // Cut only where no secret is any more: one may have a question mark.
        let target = secrets.redacted(request.target)
        let loggedPath = String(Substring(target.utf8.prefix { $0 != UInt8(ascii: "?") }))
        let answer = await answer(to: consume request, at: path, id: id)
        var response = answer.response
        var outcome = answer.outcome
        response.headers.append(("X-Request-Id", id))
        response.headers.append(("Cache-Control", "no-store"))
        response.headers.append(("X-Content-Type-Options", "nosniff"))
        response.headers += forPages
        outcome.client = client
        outcome.problem = outcome.problem.map { LogText.of($0, without: secrets) }
        log.request(
            id: id, method: method, path: loggedPath, status: response.status, bytesOut: answer.body.count,
            duration: .now - start, outcome: outcome)
        return response
    }

    /// Refuses new executions, gives those in flight the grace period, then has `cancel` end their tasks.
    package func drain(orElse cancel: @escaping @Sendable () -> Void) async {
        let deadline = Task { [grace = configuration.grace] in
            // Cancelled when everything has ended in time.
            guard (try? await Task.sleep(for: grace)) != nil else { return }
            cancel()
        }
        await executions.drain()
        deadline.cancel()
    }

    /// Returns when no sandbox is left that could be killed. When E2B does not answer, the sandboxes' own timeouts have to do.
    ///
    /// - Parameter quiet: how long it may take before the log says that it does.
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
        to request: consuming FastCGIRequest, at path: String, id: String
    ) async -> Answer {
        let (endpoint, route): (any Endpoint, Route)
        switch router.match(request.method, path) {
        case .endpoint(let match, let matchRoute): (endpoint, route) = (match, matchRoute)
        case .otherMethod(let match, let matchRoute, let allowed):
            if matchRoute.access == .keyHolders, let preflight = preflight(request) { return preflight }
            let allowed = allowed.joined(separator: ", ")
            return match.answer(to: Refusal(status: 405, "\(path) answers \(allowed) only.", allow: allowed))
        case .nothing:
            return Answer(
                Refusal(status: 404, "There is nothing here. The service answers \(router.summary)."), secrets)
        }
        // For as long as what was made of the body is there.
        let memory = configuration.memory.reservation()
        defer { withExtendedLifetime(memory) {} }
        var caller: String?
        let acceptance: Acceptance
        do throws(Refusal) {
            if route.access == .keyHolders { caller = try authenticator.caller(of: request) }
            acceptance = try await endpoint.accept(&request, from: caller ?? "", holding: memory)
        } catch {
            // One that is cancelled while its body arrives is so because the service stops, or its caller is gone.
            let isStopping = error == .cancelled && executions.isRefusing
            var answer = endpoint.answer(to: isStopping ? .shuttingDown : error)
            answer.outcome.caller = caller
            answer.outcome.bytesIn = request.body.readCount
            return answer
        }
        let bytesIn = request.body.readCount
        // The params and the body end here: of a thousand executions that wait each would keep them.
        _ = consume request
        // From now on, because the web server waits for an answer only since it has sent the body.
        let deadline = Deadline(configuration.answerLimit, from: .now)
        var answer = await follow(acceptance, endpoint, from: caller ?? "", id: id, by: deadline)
        answer.outcome.caller = caller
        answer.outcome.bytesIn = bytesIn
        return answer
    }

    private func follow(
        _ acceptance: consuming Acceptance, _ endpoint: any Endpoint, from caller: String, id: String,
        by deadline: Deadline
    ) async -> Answer {
        switch consume acceptance {
        case .answered(let answer): return answer
        case .running(let work):
            do throws(InterpreterError) {
                var answer = try await executions.run(for: caller) {
                    await E2BClient.$deadline.withValue(deadline.work) { await work(id, deadline) }
                }
                if answer.status == Refusal.cancelled.status, executions.isRefusing {
                    // The caller is still there: it is we who go.
                    answer.status = 503
                    answer.retryAfter = .seconds(5)
                }
                return answer
            } catch {
                return endpoint.answer(to: Refusal(error))
            }
        }
    }

    // MARK: Web pages

    /// What a page of an allowed origin needs to read an answer: https://fetch.spec.whatwg.org/#http-cors-protocol. No
    /// credentials of the browser's own: a page sends the key itself.
    private func headersForPages(_ request: FastCGIRequest) -> [(name: String, value: String)] {
        guard !origins.isEmpty else { return [] }
        var headers = [(name: "Vary", value: "Origin")]
        if case .allowed(let origin) = origins.standing(of: request) {
            headers.append(("Access-Control-Allow-Origin", origin))
        }
        return headers
    }

    /// A browser asks before it sends JSON or a key from another origin.
    private func preflight(_ request: FastCGIRequest) -> Answer? {
        guard request.method == "OPTIONS", case .allowed = origins.standing(of: request) else { return nil }
        var answer = Answer(status: 204, body: [])
        answer.headers = [("Access-Control-Allow-Headers", "Authorization, Content-Type, X-API-Key")]
        return answer
    }

    /// 16 hexadecimal digits.
    private func makeRequestID() -> String {
        let digits = String(UInt64.random(in: .min ... .max), radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}

extension DefaultStringInterpolation {
    fileprivate mutating func appendInterpolation(sandboxes count: Int) {
        appendLiteral(count == 1 ? "1 sandbox" : "\(count) sandboxes")
    }
}
