import CodeAPI
import FastCGI
import Interpreter
import Store

/// `POST /v1/exec`: runs a program that finds the caller's files, and keeps those that it leaves behind.
struct ExecEndpoint: CodeAPIEndpoint {
    let context: CodeAPIContext
    /// nil: no key for E2B is configured.
    let services: ActionServices?

    var route: Route { .codeAPI(EndpointPath.exec, ["POST"], runsCode: true) }

    func respond(
        to request: inout FastCGIRequest, from caller: CodeAPICaller, holding memory: ByteBudget.Reservation
    ) async throws(CodeAPIFailure) -> Acceptance {
        let limits = context.configuration.limits
        let body: [UInt8]
        do throws(Refusal) {
            // A program may write a file whose content is in it.
            body = try await request.wholeBody(upTo: limits.bodyWithFile, holding: memory)
        } catch {
            throw CodeAPIFailure(error)
        }
        let exec = try ExecRequest(json: body, time: limits.time)
        let storage = try context.open()
        guard let services else { throw CodeAPIFailure(.withoutAPIKey) }
        let caller = caller.named(exec.userID)
        switch exec.program {
        case .failure(let unfit):
            var answer = Answer(
                status: 200, body: ExecAnswer(unfit, in: .random()).encoded(without: context.secrets))
            answer.outcome.problem = "The program was not run: its language or its arguments are none."
            return .answered(answer)
        case .success(let program):
            let run = ExecRun(
                inputs: exec.inputs, hint: exec.hint, caller: caller, context: context, storage: storage,
                services: services)
            let secrets = context.secrets
            return .running(
                { id, deadline in
                    var answer = await run.answer(id: id, by: deadline) { call in
                        let (result, reply) = try await run.perform(program, storingAt: .random(), call)
                        return Answer(reply, of: result, secrets)
                    }
                    answer.outcome.action = program.language.rawValue
                    return answer
                }, owner: caller.owner
            ) { refusal in
                Answer(CodeAPIFailure(refusal), secrets, refusal.headers)
            }
        }
    }
}
