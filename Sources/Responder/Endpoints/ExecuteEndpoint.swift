import E2B
import FastCGI
import Interpreter
import JSON
import LibreChat

/// The endpoint `POST /execute`, which runs code once in a new sandbox and answers with text and images.
struct ExecuteEndpoint: Endpoint {
    /// The services; nil if no E2B API key is configured.
    let services: ActionServices?
    let configuration: Configuration
    let secrets: SecretRedactor

    var route: Route { .running(EndpointPath.execute) }

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
        return .running { id, deadline in
            await answer(
                to: execution, ActionCall(owner: caller, id: id, deadline: deadline, services: services))
        }
    }

    func answer(to refusal: Refusal) -> Answer { Answer(refusal, secrets) }

    private func answer(to request: ExecuteRequest, _ call: ActionCall) async -> Answer {
        let action = RunProgram(
            code: request.code, language: request.language, variables: request.envs, timeLimit: request.timeout)
        do throws(E2BError) {
            return answer(to: request, try await action.perform(call))
        } catch {
            return Answer(Refusal(error), secrets)
        }
    }

    private func answer(to request: ExecuteRequest, _ result: consuming RunProgramResult) -> Answer {
        let refusal = result.failure.map { Refusal($0) }
        if let refusal { result.record.stopped(.sandbox(refusal.sentence)) }
        let text = ExecutionMarkdown(
            result.record, code: request.code, language: request.language.rawValue, limit: configuration.limits.text,
            without: secrets)
        var answer = Answer(
            status: refusal?.status ?? 200,
            content: ToolContent(text: text.rendered(), images: result.record.images), secrets,
            retryAfter: refusal?.retryAfter, sandboxID: result.sandboxID)
        answer.outcome.problem = refusal?.sentence ?? result.problem
        return answer
    }
}
