import CodeAPI
import E2B
import FastCGI
import Interpreter
import Store

/// `POST /v1/exec/programmatic`: runs a program that calls tools of the caller's.
///
/// A program that waits for results is run again from its beginning when they have come, by whichever process is asked: what it has
/// asked and heard is a log in the store.
struct ProgrammaticEndpoint: CodeAPIEndpoint {
    let context: CodeAPIContext
    /// nil: no key for E2B is configured.
    let services: ActionServices?
    let runs: LiveRuns

    var route: Route { .codeAPI(EndpointPath.programmatic, ["POST"], runsCode: true) }

    func respond(
        to request: inout FastCGIRequest, from caller: CodeAPICaller, holding memory: ByteBudget.Reservation
    ) async throws(CodeAPIFailure) -> Acceptance {
        let limits = context.configuration.limits
        var id: CancellableID?
        if let header = request.header(CancellableID.header) { id = try CancellableID(header) }
        let body: [UInt8]
        do throws(Refusal) {
            body = try await request.wholeBody(upTo: limits.bodyWithFile, holding: memory)
        } catch {
            throw CodeAPIFailure(error)
        }
        let asked = try ProgrammaticRequest(json: body, time: limits.time)
        guard let storage = context.storage else {
            throw CodeAPIFailure(status: 503, Refusal.withoutStore.sentence)
        }
        guard let services else { throw CodeAPIFailure(.withoutAPIKey) }
        let service = context.configuration.e2b.apiKey
        // The request that cancels it has no program that could name the user.
        let live = id.map { (own: LiveRun($0.key(service: service, caller.owner)), $0.keyOfAll(service: service)) }
        let size = body.count
        return .running(
            { id, deadline in
                let turn: ProgramTurn
                do throws(CodeAPIFailure) {
                    turn = try await ProgramTurn(asked, caller, storage, limits.time) { count in
                        await memory.grow(to: size + count)
                    }
                } catch {
                    return Answer(error, context.secrets)
                }
                let exec = turn.program.exec
                let run = ExecRun(
                    inputs: exec.inputs, hint: exec.hint, caller: caller.named(exec.userID), context: context,
                    storage: storage, services: services)
                var answer = await run.answer(id: id, by: deadline) { call in
                    try await self.answer(turn, run, call)
                }
                answer.outcome.action = turn.program.program.language.rawValue
                return answer
            }, owner: caller.owner,
            refused: { refusal in Answer(CodeAPIFailure(refusal), context.secrets, refusal.headers) },
            around: { body in
                guard let live else { return await body() }
                return await runs.holding([live.own, LiveRun(live.1)]) { await live.own.cancellable(body) }
            })
    }

    private func answer(_ turn: ProgramTurn, _ run: ExecRun, _ call: ActionCall) async throws -> Answer {
        var turn = turn
        try await turn.begin()
        let program = turn.program.workspaceProgram(turn.record, id: call.id)
        let session = turn.record.session
        let (result, reply) = try await run.perform(program, storingAt: session, call)
        guard let report = result.report, let calls = RunnerCall.list(report) else {
            await turn.end()
            return Answer(reply.ofCallingProgram, of: result, context.secrets)
        }
        guard !turn.record.isExhausted else {
            await turn.end()
            var answer = Answer(status: 200, body: ProgrammaticAnswer.endless(in: session))
            answer.outcome.problem = "The program waited for tools too often."
            return answer
        }
        let (ids, token) = try await turn.wait(for: calls)
        return Answer(
            status: 200,
            body: ProgrammaticAnswer.waiting(
                for: Array(zip(ids, calls)), in: session, token: token, without: context.secrets))
    }
}
