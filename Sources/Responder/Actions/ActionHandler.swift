import Budget
import E2B
import Interpreter
import LibreChat

/// `POST /e2bcode`: one action in a sandbox that lives across requests.
struct ActionHandler: Sendable {
    let services: ActionServices

    /// - Parameters:
    ///   - caller: the name of the key that the caller authenticated with.
    ///   - id: the request's, unique.
    func answer(
        to request: ActionRequest, from caller: String, id: String, by deadline: Deadline
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
                case .reply(let reply, _): Answer(status: 200, body: reply.encoded(hiding: services.hidden))
                case .content(let content, _): Answer(status: 200, content: content, services.hidden)
                }
            answer.outcome.problem = outcome.problem
            return answer
        } catch var failure as ActionFailure {
            if failure.sessionID.isEmpty { failure.sessionID = call.sessionID }
            return Answer(failure, services.hidden)
        } catch let error as InterpreterError {
            return Answer(ActionFailure(error, sessionID: call.sessionID), services.hidden)
        } catch let error as E2BError {
            return Answer(ActionFailure(error, sessionID: call.sessionID), services.hidden)
        } catch is LockTimeout {
            return Answer(
                ActionFailure(
                    "Nothing was done: \(call.deadline.reason). Try again, and do less at the same time in this session.",
                    sessionID: call.sessionID), services.hidden)
        } catch {
            // Nothing else is thrown but CancellationError.
            return Answer(ActionFailure(Refusal.cancelled, sessionID: call.sessionID), services.hidden)
        }
    }
}
