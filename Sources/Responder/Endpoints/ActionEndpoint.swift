import Budget
import E2B
import FastCGI
import Interpreter
import LibreChat
import Redaction

/// `POST /e2bcode`: one action in a sandbox that lives across requests.
struct ActionEndpoint: Endpoint {
    private let services: ActionServices?
    let route: Route
    private let hidden: SecretRedactor

    /// - Parameter services: nil where no key for E2B is configured.
    init(services: ActionServices?, configuration: Configuration, hidden: SecretRedactor) {
        self.services = services
        self.hidden = hidden
        // A file travels as base64, a third larger, or as JSON text with its escapes. What is not mostly escapes fits.
        route = .running("/e2bcode", bodyLimit: configuration.bodyLimit + 2 * configuration.fileLimit)
    }

    func accept(_ request: consuming FastCGIRequest, from caller: String) throws(Refusal) -> Acceptance {
        let body = try request.body()
        do throws(ActionFailure) {
            // Nobody else has the body from here on: a file is decoded in place.
            let action = try ActionRequest(json: consume body)
            guard let services else {
                // In an answer that LibreChat shows to the model.
                throw ActionFailure(Refusal.withoutAPIKey.sentence, sessionID: action.arguments.sessionID ?? "")
            }
            return .running { id, deadline in
                await answer(to: action, from: caller, id: id, by: deadline, services)
            }
        } catch {
            return .answered(Answer(error, hidden))
        }
    }

    func answer(to refusal: Refusal) -> Answer {
        var answer = Answer(ActionFailure(refusal), hidden)
        answer.headers = refusal.headers
        return answer
    }

    private func answer(
        to request: ActionRequest, from caller: String, id: String, by deadline: Deadline, _ services: ActionServices
    ) async -> Answer {
        let call = ActionCall(
            arguments: request.arguments, owner: caller, id: id, deadline: deadline, services: services,
            memory: services.configuration.memory.reservation())
        var answer = await answer(to: call, request.action)
        answer.outcome.action = request.action.name
        answer.outcome.sandboxID = services.sessions.sandboxID(of: call.session)
        return answer
    }

    private func answer(to call: ActionCall, _ action: Action) async -> Answer {
        do {
            let outcome = try await action.perform(call)
            var answer =
                switch outcome {
                case .reply(let reply, _): Answer(status: 200, body: reply.encoded(hiding: hidden))
                case .content(let content, _): Answer(status: 200, content: content, hidden)
                }
            answer.outcome.problem = outcome.problem
            return answer
        } catch var failure as ActionFailure {
            if failure.sessionID.isEmpty { failure.sessionID = call.sessionID }
            return Answer(failure, hidden)
        } catch let error as InterpreterError {
            return Answer(ActionFailure(error, sessionID: call.sessionID), hidden)
        } catch let error as E2BError {
            return Answer(ActionFailure(error, sessionID: call.sessionID), hidden)
        } catch is LockTimeout {
            return Answer(
                ActionFailure(
                    "Nothing was done: \(call.deadline.reason). Try again, and do less at the same time in this session.",
                    sessionID: call.sessionID), hidden)
        } catch {
            // Nothing else is thrown but CancellationError.
            return Answer(ActionFailure(Refusal.cancelled, sessionID: call.sessionID), hidden)
        }
    }
}
