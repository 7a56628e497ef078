package import Budget
package import E2B
package import FastCGI
import Glibc
import ImageGate
import Interpreter
import LibreChat
import Redaction
import System

/// The application: who may ask, what for, and what the answer looks like on the wire.
package final class Responder: Sendable {
    private let configuration: Configuration
    private let authenticator: Authenticator
    private let origins: Origins
    private let executions: Executions
    private let execute: ExecuteHandler?
    private let act: ActionHandler?
    private let keeper: SandboxKeeper?
    private let hidden: SecretRedactor
    private let log: EventLog
    /// What requests in flight hold.
    package let memory: ByteBudget
    /// Where what a caller asks for is computed: texts and files may have megabytes. What shows that the service lives does
    /// not wait for that.
    private let computing: TaskThreads

    /// - Parameter client: nil when no key for E2B is configured.
    package init(_ configuration: Configuration, client: E2BClient?, log: EventLog) {
        self.configuration = configuration
        self.log = log
        memory = configuration.memory
        computing = TaskThreads(named: "computing", count: max(2, sysconf(Int32(_SC_NPROCESSORS_ONLN))))
        origins = Origins(
            allowed: configuration.origins,
            // Without keys that address has no say: only this machine is answered.
            publicOrigin: configuration.keys.isEmpty
                ? nil : configuration.publicBaseURL.flatMap { BaseURL($0)?.origin })
        authenticator = Authenticator(keys: configuration.keys, origins: origins)
        executions = Executions(limit: configuration.executionLimit)
        let hidden = configuration.secrets
        self.hidden = hidden
        let keeper = client.map { SandboxKeeper(client: $0) { log.notice($0) } }
        self.keeper = keeper
        guard let client, let keeper else {
            (execute, act) = (nil, nil)
            return
        }
        let confinement = configuration.makeDecoderConfiguration { log.notice($0) }
        let runner = CodeRunner(
            client: client,
            gate: ImageGate(
                policy: configuration.imagePolicy, threads: configuration.imageThreads, decoding: .confined(confinement)
            ),
            limits: configuration.limits, hidden: hidden)
        execute = ExecuteHandler(keeper: keeper, runner: runner, configuration: configuration, hidden: hidden)
        act = ActionHandler(
            services: ActionServices(
                client: client, sessions: Sessions(client: client, keeper: keeper), runner: runner,
                configuration: configuration, hidden: hidden))
    }

    deinit { computing.stop() }

    /// Where a request should be answered.
    package func executor(for request: FastCGIRequest) -> (any TaskExecutor)? {
        request.path == "/execute" || request.path == Self.actionPath ? computing : nil
    }

    /// Bytes of body that a request is read up to, by its params.
    package func bodyLimit(for request: FastCGIRequest) -> Int {
        // A stranger learns that a key is needed, and does not have a body kept for it.
        guard case .admitted = authenticator.verdict(on: request) else { return 0 }
        guard request.path == Self.actionPath else { return configuration.bodyLimit }
        // A file travels as base64, a third larger, or as JSON text with its escapes. What is not mostly escapes fits.
        return configuration.bodyLimit + 2 * configuration.fileLimit
    }

    /// Answers one request and writes its line in the log.
    package func respond(to request: consuming FastCGIRequest) async -> Response {
        let start = ContinuousClock.now
        let id = makeRequestID()
        let (method, path, bytesIn, client) = (
            request.method, request.path, request.bodyCount, request.remoteAddress
        )
        let forPages = headersForPages(request)
        // Cut only where no secret is any more: one may have a question mark.
        let target = hidden.masked(in: request.target)
        let loggedPath = String(Substring(target.utf8.prefix { $0 != UInt8(ascii: "?") }))
        // The request ends here, before the wait: of a thousand executions each would keep its params and its body.
        let route = route(consume request, path)
        var (response, outcome) = await follow(
            route, path, id: id, by: Deadline(configuration.answerLimit, from: start))
        response.headers.append(("X-Request-Id", id))
        response.headers.append(("Cache-Control", "no-store"))
        response.headers.append(("X-Content-Type-Options", "nosniff"))
        response.headers += forPages
        outcome.client = client
        outcome.problem = outcome.problem.map { LogText.of($0, hiding: hidden) }
        log.request(
            id: id, method: method, path: loggedPath, status: response.status, bytesIn: bytesIn,
            bytesOut: response.body.count, duration: .now - start, outcome: outcome)
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
        guard let keeper else { return }
        if quiet > .zero { await keeper.drain(within: quiet) }
        guard keeper.outstanding > 0 else { return }
        log.notice("ending \(sandboxes: keeper.outstanding), for \(StopTime.kills.components.seconds) s at most")
        await keeper.drain(within: StopTime.kills)
        guard keeper.outstanding > 0 else { return }
        log.notice("E2B did not end \(sandboxes: keeper.outstanding) in time: left to its timeout")
    }

    // MARK: Routes

    private static let actionPath = "/e2bcode"

    /// Where a request leads.
    private enum Route {
        case answered(Response, Outcome)
        /// To a sandbox, within the limit of executions in flight.
        case running(caller: String, @Sendable (_ id: String, _ deadline: Deadline) async -> Answer)
    }

    private func route(_ request: consuming FastCGIRequest, _ path: String) -> Route {
        do throws(Refusal) {
            switch path {
            case "/execute", Self.actionPath:
                if let preflight = preflight(request) { return .answered(preflight, Outcome()) }
                try allow(["POST"], request, path)
                return path == Self.actionPath ? try action(consume request) : try execution(request)
            case "/health":
                try allow(["GET", "HEAD"], request, path)
                return .answered(json(health), Outcome())
            case "/openapi.json":
                try allow(["GET", "HEAD"], request, path)
                return .answered(json(openAPIDocument(request).encoded()), Outcome())
            default:
                throw Refusal(
                    status: 404,
                    "There is nothing here. The service answers POST /execute, POST /e2bcode, GET /health and "
                        + "GET /openapi.json.")
            }
        } catch {
            let (response, outcome) = refusal(error, path)
            return .answered(response, outcome)
        }
    }

    private func follow(
        _ route: consuming Route, _ path: String, id: String, by deadline: Deadline
    ) async -> (Response, Outcome) {
        switch consume route {
        case .answered(let response, let outcome): return (response, outcome)
        case .running(let caller, let work):
            do throws(InterpreterError) {
                let answer = try await executions.run {
                    await E2BClient.$deadline.withValue(deadline.work) { await work(id, deadline) }
                }
                var outcome = answer.outcome
                outcome.caller = caller
                var response = response(answer)
                if answer.status == Refusal.cancelled.status, executions.isRefusing {
                    // The caller is still there: it is we who go.
                    response.status = 503
                    response.headers.append(Self.header(retryAfter: .seconds(5)))
                }
                return (response, outcome)
            } catch {
                return refusal(Refusal(error), path, caller: caller)
            }
        }
    }

    private func allow(_ methods: [String], _ request: FastCGIRequest, _ path: String) throws(Refusal) {
        guard methods.contains(request.method) else {
            let methods = methods.joined(separator: ", ")
            throw Refusal(status: 405, "\(path) answers \(methods) only.", allow: methods)
        }
    }

    private func execution(_ request: FastCGIRequest) throws(Refusal) -> Route {
        let caller = try caller(of: request)
        do throws(Refusal) {
            let execution = try ExecuteRequest(
                json: try body(of: request), standardTimeout: configuration.timeout,
                maximumTimeout: configuration.maximumTimeout)
            guard let execute else { throw .withoutAPIKey }
            // For as long as what was made of the body is there.
            let reservation = request.reservation
            return .running(caller: caller) { id, deadline in
                defer { withExtendedLifetime(reservation) {} }
                return await execute.answer(to: execution, from: caller, id: id, by: deadline)
            }
        } catch {
            let (response, outcome) = refusal(error, request.path, caller: caller)
            return .answered(response, outcome)
        }
    }

    private func action(_ request: consuming FastCGIRequest) throws(Refusal) -> Route {
        let caller = try caller(of: request)
        let reservation = request.reservation
        do throws(ActionFailure) {
            let body: [UInt8]
            do throws(Refusal) { body = try self.body(of: consume request) } catch { throw ActionFailure(error) }
            // Nobody else has the body from here on: a file is decoded in place.
            let action = try ActionRequest(json: consume body)
            guard let act else {
                // In an answer that LibreChat shows to the model.
                throw ActionFailure(Refusal.withoutAPIKey.sentence, sessionID: action.arguments.sessionID ?? "")
            }
            return .running(caller: caller) { id, deadline in
                // As above.
                defer { withExtendedLifetime(reservation) {} }
                return await act.answer(to: action, from: caller, id: id, by: deadline)
            }
        } catch {
            var answer = Answer(error, hidden)
            answer.outcome.caller = caller
            return .answered(response(answer), answer.outcome)
        }
    }

    private func caller(of request: FastCGIRequest) throws(Refusal) -> String {
        try authenticator.caller(of: request)
    }

    private func body(of request: consuming FastCGIRequest) throws(Refusal) -> [UInt8] {
        do throws(FastCGIError) {
            return try request.stdin.get()
        } catch {
            switch error {
            case .bodyTooLarge(let limit):
                throw Refusal(status: 413, "The body is too large: the limit is \(limit) bytes.")
            case .noMemoryForBody: throw .outOfMemory
            default:
                throw Refusal(badRequest: "The body is not as long as Content-Length says.")
            }
        }
    }

    private var health: [UInt8] {
        Array(
            #"{"status":"healthy","service":"e2b-code-interpreter","apiKeyConfigured":\#(configuration.isAPIKeyConfigured),"executions":\#(executions.count),"executionLimit":\#(configuration.executionLimit)}"#
                .utf8)
    }

    private func openAPIDocument(_ request: FastCGIRequest) -> OpenAPIDocument {
        OpenAPIDocument(
            server: configuration.publicBaseURL ?? hidden.masked(in: request.baseURL),
            operations: [.execute(configuration), .actions])
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
    private func preflight(_ request: FastCGIRequest) -> Response? {
        guard request.method == "OPTIONS", case .allowed = origins.standing(of: request) else { return nil }
        return Response(
            status: 204,
            headers: [("Access-Control-Allow-Headers", "Authorization, Content-Type, X-API-Key")])
    }

    // MARK: Responses

    private func json(_ body: [UInt8]) -> Response {
        Response(status: 200, headers: [("Content-Type", "application/json")], body: body)
    }

    private func response(_ answer: Answer) -> Response {
        var response = json(answer.body)
        response.status = answer.status
        if let retryAfter = answer.retryAfter { response.headers.append(Self.header(retryAfter: retryAfter)) }
        return response
    }

    private static func header(retryAfter pause: Duration) -> (String, String) {
        ("Retry-After", String(max(1, pause.wholeSeconds)))
    }

    /// In the shape that the route's callers read.
    private func refusal(_ refusal: Refusal, _ path: String, caller: String? = nil) -> (Response, Outcome) {
        var answer = path == Self.actionPath ? Answer(ActionFailure(refusal), hidden) : Answer(refusal, hidden)
        answer.outcome.caller = caller
        var response = response(answer)
        if let allow = refusal.allow { response.headers.append(("Allow", allow)) }
        if refusal.status == 401 { response.headers.append(("WWW-Authenticate", #"Bearer realm="e2b-fcgi""#)) }
        return (response, answer.outcome)
    }

    /// 16 hexadecimal digits.
    private func makeRequestID() -> String {
        let digits = String(UInt64.random(in: .min ... .max), radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}

extension FastCGIRequest {
    /// The address that the request was sent to, as far as the web server knows it.
    fileprivate var baseURL: String {
        let host = header("Host") ?? "127.0.0.1"
        let prefix = params["SCRIPT_NAME"].flatMap { params["PATH_INFO"] == nil ? nil : $0 } ?? ""
        return "\(scheme)://\(host)\(prefix)"
    }

    fileprivate var bodyCount: Int {
        switch stdin {
        case .success(let bytes): bytes.count
        case .failure: 0
        }
    }
}

extension DefaultStringInterpolation {
    fileprivate mutating func appendInterpolation(sandboxes count: Int) {
        appendLiteral(count == 1 ? "1 sandbox" : "\(count) sandboxes")
    }
}
