import E2B
import FastCGI
import Interpreter
import JSON
import LibreChat

/// The endpoint `POST /execute`, which runs code once in a new sandbox and answers with text and images.
final class ExecuteEndpoint: Endpoint {
    /// The services; nil if no E2B API key is configured.
    let services: ActionServices?
    let configuration: Configuration
    let secrets: SecretRedactor
    /// The executor on which large answers are rendered; nil for the one on which the request is answered.
    let computing: (any TaskExecutor)?

    init(
        services: ActionServices?, configuration: Configuration, secrets: SecretRedactor,
        computing: (any TaskExecutor)? = nil
    ) {
        self.services = services
        self.configuration = configuration
        self.secrets = secrets
        self.computing = computing
    }

    /// The number of bytes of output that take a fraction of a millisecond to render.
    private static let shortOutput = 16 << 10

    var route: Route { .running(EndpointPath.execute, isShort: true) }

    func accept(
        _ request: inout FastCGIRequest, from caller: String, holding memory: ByteBudget.Reservation
    ) async throws(Refusal) -> Acceptance {
        let body = try await request.wholeBody(upTo: configuration.limits.body, holding: memory)
        let execution: ExecuteRequest
        do throws(ArgumentError) {
            execution = try ExecuteRequest(
                json: body, standardTimeout: configuration.limits.time.standard,
                maximumTimeout: configuration.limits.time.maximum)
        } catch {
            throw Refusal(badRequest: error.sentence, logged: error.logged)
        }
        guard let services else { throw .withoutAPIKey }
        let links = configuration.linkUse(for: request, secrets)
        return .running { id, deadline in
            await self.answer(
                to: execution, ActionCall(owner: caller, id: id, deadline: deadline, services: services, links: links))
        }
    }

    func answer(to refusal: Refusal) -> Answer { Answer(refusal, secrets) }

    private func answer(to request: ExecuteRequest, _ call: ActionCall) async -> Answer {
        let action = RunProgram(
            code: request.program, language: request.language, variables: request.envs, timeLimit: request.timeout)
        let result: RunProgramResult
        do throws(E2BError) {
            result = try await action.perform(call)
        } catch {
            return Answer(Refusal(error), secrets)
        }
        let isShort = result.record.images.isEmpty && result.record.heldCount <= Self.shortOutput
        guard let computing, !isShort else { return answer(to: request, result) }
        return await withTaskExecutorPreference(computing) { self.answer(to: request, result) }
    }

    private func answer(to request: ExecuteRequest, _ result: RunProgramResult) -> Answer {
        var record = result.record
        let refusal = result.failure.map { Refusal($0) }
        if let refusal { record.stopped(.sandbox(refusal.sentence)) }
        let text = ExecutionMarkdown(
            record, code: request.code, language: request.language.rawValue, limit: configuration.limits.text,
            without: secrets)
        var answer = Answer(
            status: refusal?.status ?? 200,
            content: ToolContent(text: text.rendered(), images: record.images, links: result.pictureLinks), secrets,
            retryAfter: refusal?.retryAfter, sandboxID: result.sandboxID)
        answer.outcome.problem = refusal?.sentence ?? result.problem
        answer.outcome.images = record.images.count
        return answer
    }
}
