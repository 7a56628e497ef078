import E2B
import FastCGI
import Interpreter
import JSON
import MCP

/// `POST /mcp`: the Model Context Protocol. Its tools work in a sandbox that the conversation keeps.
struct MCPEndpoint: Endpoint {
    /// nil: no key for E2B is configured.
    private let services: ActionServices?
    private let server: MCPServer
    private let runs: LiveRuns
    private let configuration: Configuration
    private let secrets: SecretRedactor

    init(services: ActionServices?, runs: LiveRuns, configuration: Configuration, secrets: SecretRedactor) {
        self.services = services
        self.runs = runs
        self.configuration = configuration
        self.secrets = secrets
        server = MCPServer(
            tools: configuration.mcpTools, secrets: secrets, imageBudget: configuration.mcpImageBytes,
            version: Version.number)
    }

    var route: Route {
        let names = configuration.identityHeaders
        return .running(
            EndpointPath.mcp, headers: MCPHeaders.names + [names.user, names.conversation, ImageForms.header])
    }

    func accept(
        _ request: inout FastCGIRequest, from caller: String, holding memory: ByteBudget.Reservation
    ) async throws(Refusal) -> Acceptance {
        let headers = MCPHeaders { request.header($0) }
        let identity = Identity(of: request, caller, configuration.trustedKeys, configuration.identityHeaders)
        let links = LinkUse(base: configuration.linkBase(for: request, secrets))
        let imageForm = Result { () throws(ArgumentError) in
            try configuration.mcpImages.form(of: request, from: caller)
        }
        // A file travels in a body as it does for /e2bcode.
        let limit = configuration.limits.bodyWithFile
        // Without the body there is no id, and so no result that could say that memory is short.
        let body = try await request.wholeBody(upTo: limit, holding: memory, free: 64 << 10)
        let hasConversations = configuration.trustedKeys.contains(caller)
        switch server.read(body, headers, hasConversations: hasConversations) {
        case .answered(let answer): return .answered(Answer(answer))
        case .calls(let calls):
            for id in calls.cancelled { if let key = key(id, identity) { runs.cancel(key) } }
            guard !calls.all.isEmpty else {
                return .answered(Answer(server.answer(to: calls, [])))
            }
            let imageUse: ImageUse
            do throws(ArgumentError) {
                imageUse = .shared(budget: configuration.mcpImageBytes, try imageForm.get())
            } catch {
                return .answered(answer(to: calls, refusing: error.sentence))
            }
            let live = calls.all.map { call in call.id.flatMap { key($0, identity) }.map { LiveRun($0) } }
            return .running(
                { id, deadline in await answer(to: calls, live, identity, imageUse, links, id: id, by: deadline) },
                owner: identity.owner,
                // An HTTP status would have LibreChat reconnect, or give up for good.
                refused: { refusal in answer(to: calls, refusing: refusal.sentence) },
                around: { body in
                    await runs.holding(live.compactMap { $0 }) {
                        // The whole of it, the wait for a place included; of several calls each on its own.
                        guard live.count == 1, let run = live[0] else { return await body() }
                        return await run.cancellable(body)
                    }
                }, isFree: calls.all.allSatisfy { Self.freeTools.contains($0.tool) })
        }
    }

    func answer(to refusal: Refusal) -> Answer {
        // LibreChat connects again after 503, and never again after 429.
        let status = refusal.status == 429 ? 503 : refusal.status
        var answer = Answer(
            status: status, body: server.refusal(refusal.sentence), retryAfter: refusal.retryAfter)
        answer.outcome.problem = refusal.logged ?? refusal.sentence
        answer.headers = refusal.headers
        return answer
    }

    /// Tools that end what costs something.
    private static let freeTools: Set = ["end_session", "stop"]

    /// No tool runs.
    private func answer(to calls: MCPCalls, refusing sentence: String) -> Answer {
        answer(to: calls, calls.all.map { _ in ToolResult(sentence, isError: true) }, sentence)
    }

    private func answer(
        to calls: MCPCalls, _ live: [LiveRun?], _ identity: Identity, _ imageUse: ImageUse, _ links: LinkUse,
        id: String, by deadline: Deadline
    ) async -> Answer {
        var results: [ToolResult] = []
        var sandboxID: String?
        for (number, toolCall) in calls.all.enumerated() {
            guard let services else {
                results.append(ToolResult(Refusal.withoutAPIKey.sentence, isError: true))
                continue
            }
            let call = ActionCall(
                owner: identity.owner, id: number == 0 ? id : "\(id)-\(number)", deadline: deadline, services: services,
                sandboxes: .made(idle: configuration.sessionIdle), images: imageUse, links: links)
            let session = toolCall.session ?? identity.session ?? ""
            var result = await cancellable(live.count > 1 ? live[number] : nil) {
                await self.result(of: toolCall, call, session: session)
            }
            result.text = (call.notes.all + [result.text]).paragraphs
            results.append(result)
            if !session.isEmpty { sandboxID = call.sandboxID(ofSession: session) }
        }
        var answer = answer(to: calls, results, results.compactMap(\.problem).first)
        answer.outcome.action = calls.all.first?.tool
        answer.outcome.sandboxID = sandboxID
        return answer
    }

    private func cancellable(
        _ run: LiveRun?, _ work: @escaping @Sendable () async -> ToolResult
    ) async -> ToolResult {
        guard let run else { return await work() }
        guard !run.isCancelled else { return ToolResult(Refusal.cancelled.sentence, isError: true) }
        return await run.cancellable(work)
    }

    /// - Returns: nil for an id by which nothing is found.
    private func key(_ id: RequestID, _ identity: Identity) -> RunKey? {
        id.typed.map { RunKey(service: configuration.e2b.apiKey, identity, id: $0) }
    }

    private func answer(to calls: MCPCalls, _ results: [ToolResult], _ problem: String?) -> Answer {
        var answer = Answer(server.answer(to: calls, results))
        answer.outcome.problem = problem ?? answer.outcome.problem
        answer.outcome.images = results.reduce(0) { $0 + $1.images.count }
        return answer
    }

    private func result(of toolCall: ToolCall, _ call: ActionCall, session: String) async -> ToolResult {
        let sentence: String
        do {
            return try await toolCall.perform(call, session: session)
        } catch let error as ArgumentError {
            sentence = error.sentence
        } catch let error as InterpreterError {
            sentence = "\(error)\(error.advice(session: session))"
        } catch let error as E2BError {
            sentence = Refusal(error.withTime).sentence.withoutLoginWords
        } catch is LockTimeout {
            sentence = call.deadline.turnMissed
        } catch {
            // Nothing else is thrown but CancellationError.
            sentence = Refusal.cancelled.sentence
        }
        return ToolResult(sentence, isError: true, problem: sentence)
    }
}

extension Answer {
    fileprivate init(_ answer: MCPAnswer) {
        self.init(status: answer.status, body: answer.body)
        outcome.problem = answer.problem
    }
}

extension InterpreterError {
    /// What the model can do about it, where the description does not say: what it is to call has its own name here.
    fileprivate func advice(session: String) -> String {
        switch self {
        case .tooManySandboxes: " Try again in a minute, or call end_session for one that has done its work."
        case .noFile where session.isEmpty: " No `session` was named, so this was a new sandbox."
        default: ""
        }
    }
}

extension E2BError {
    /// With a time after which another attempt may succeed, where E2B names none: a result has no header that could.
    fileprivate var withTime: E2BError {
        switch self {
        case .rateLimited(let step, let message, nil): .rateLimited(step, message: message, retryAfter: .seconds(10))
        case .noCapacity(let step, let message, nil): .noCapacity(step, message: message, retryAfter: .seconds(10))
        default: self
        }
    }
}
