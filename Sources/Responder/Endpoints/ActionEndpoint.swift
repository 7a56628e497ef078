import E2B
import FastCGI
import Interpreter
import LibreChat

/// The endpoint `POST /e2bcode`, which runs one action in a session's sandbox.
struct ActionEndpoint: Endpoint {
    private let services: ActionServices?
    let route = Route.running(EndpointPath.actions)
    private let bodyLimit: Int
    private let secrets: SecretRedactor

    /// - Parameter services: nil if no E2B API key is configured.
    init(services: ActionServices?, configuration: Configuration, secrets: SecretRedactor) {
        self.services = services
        self.secrets = secrets
        bodyLimit = configuration.limits.bodyWithFile
    }

    func accept(
        _ request: inout FastCGIRequest, from caller: String, holding memory: ByteBudget.Reservation
    ) async throws(Refusal) -> Acceptance {
        let body = try await request.wholeBody(upTo: bodyLimit, holding: memory)
        do throws(ActionFailure) {
            // The body has no other owner from here on, so a file's content is decoded in place.
            let action = try ActionRequest(json: consume body)
            guard let services else {
                // The failure is a reply with status 200, so that LibreChat shows it to the model.
                throw ActionFailure(Refusal.withoutAPIKey.sentence, sessionID: action.sessionID)
            }
            return .running { id, deadline in
                let call = ActionCall(owner: caller, id: id, deadline: deadline, services: services)
                return await answer(to: action, call)
            }
        } catch {
            return .answered(Answer(error, secrets))
        }
    }

    func answer(to refusal: Refusal) -> Answer {
        var answer = Answer(ActionFailure(refusal), secrets)
        answer.headers = refusal.headers
        return answer
    }

    private func answer(to request: ActionRequest, _ call: ActionCall) async -> Answer {
        var answer: Answer
        do {
            let result = try await request.perform(call)
            answer =
                switch result {
                case .reply(let reply, _): Answer(status: 200, body: reply.encoded(without: secrets))
                case .content(let content, _): Answer(status: 200, content: content, secrets)
                }
            answer.outcome.problem = result.problem
        } catch {
            answer = Answer(failure(error, call, sessionID: request.sessionID), secrets)
        }
        answer.outcome.action = request.definition.name
        answer.outcome.sandboxID = call.sandboxID(ofSession: request.sessionID)
        return answer
    }

    private func failure(_ error: any Error, _ call: ActionCall, sessionID: String) -> ActionFailure {
        switch error {
        case var failure as ActionFailure:
            if failure.sessionID.isEmpty { failure.sessionID = sessionID }
            return failure
        case let error as InterpreterError: return ActionFailure(error, sessionID: sessionID)
        case let error as E2BError: return ActionFailure(error, sessionID: sessionID)
        case is LockTimeout:
            return ActionFailure(
                "Nothing was done: \(call.deadline.reason). Try again, and do less at the same time in this session.",
                sessionID: sessionID)
        // The only other error is CancellationError.
        default: return ActionFailure(Refusal.cancelled, sessionID: sessionID)
        }
    }
}

extension ActionFailure {
    init(_ refusal: Refusal, sessionID: String = "") {
        self.init(refusal.sentence, sessionID: sessionID)
        status = refusal.status
        retryAfter = refusal.retryAfter
        logged = refusal.logged
    }

    init(_ error: E2BError, sessionID: String = "") {
        self.init(Refusal(error), sessionID: sessionID)
        switch error {
        // These keep their status: either waiting helps, or the caller is gone, or the service stops. All others go to
        // the model.
        case .rateLimited, .noCapacity, .outOfMemory, .outOfDescriptors, .cancelled, .shutDown: break
        default: (status, retryAfter) = (200, nil)
        }
    }
}
