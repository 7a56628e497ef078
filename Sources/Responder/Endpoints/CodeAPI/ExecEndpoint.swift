import CodeAPI
import E2B
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
            let run = Run(
                program: program, inputs: exec.inputs, hint: exec.hint, caller: caller, context: context,
                storage: storage, services: services)
            return .running({ id, deadline in await run.answer(id: id, by: deadline) }, owner: caller.owner) {
                refusal in
                Answer(CodeAPIFailure(refusal), context.secrets, refusal.headers)
            }
        }
    }
}

/// A run that has been accepted.
private struct Run: Sendable {
    let program: WorkspaceProgram
    let inputs: [InputReference]
    let hint: String?
    let caller: CodeAPICaller
    let context: CodeAPIContext
    let storage: Storage
    let services: ActionServices

    func answer(id: String, by deadline: Deadline) async -> Answer {
        let call = ActionCall(
            owner: caller.owner, id: id, deadline: deadline, services: services,
            sandboxes: .made(idle: context.configuration.sessionIdle))
        var answer: Answer
        do {
            answer = try await self.answer(call)
        } catch {
            answer = Answer(failure(error, call), context.secrets)
        }
        answer.outcome.action = program.language.rawValue
        if !session.isEmpty { answer.outcome.sandboxID = call.sandboxID(ofSession: session) }
        return answer
    }

    /// The session's name; empty for a sandbox of the run's own. It is the one that other surfaces have for it, so that a
    /// conversation has one sandbox.
    private var session: String {
        guard let hint else { return "" }
        return SessionName.isValid(hint) ? hint : StoreSessionID(hashing: hint).text
    }

    private func answer(_ call: ActionCall) async throws -> Answer {
        let start = ContinuousClock.now
        let (inputs, notes) = try await findInputs()
        let files = StoreSessionID.random()
        let run = RunInWorkspace(
            program, session: session, inputs: inputs, storingAt: StorePlace(caller.storeOwner, files),
            for: caller.user, in: storage.store)
        let result = try await run.perform(call)
        let sandbox =
            session.isEmpty
            ? nil
            : ExecAnswer.SharedSandbox(
                id: StoreSessionID(hashing: "\(caller.owner)\n\(session)").text, isNew: result.isNewSandbox)
        let reply = ExecAnswer(result, in: files, notes: notes, sandbox: sandbox, wallTime: .now - start)
        var answer = Answer(status: 200, body: reply.encoded(without: context.secrets))
        answer.outcome.problem = result.problem
        answer.outcome.images = result.files.count { !$0.isInherited && $0.file.details.isAdmittedImage }
        return answer
    }

    /// Looks up the files that the run is to find.
    ///
    /// - Returns: those that are there, and a line for each one that is not.
    /// - Throws: status 403 for one that is another's, and 404 if there is none of several or the only one.
    private func findInputs() async throws -> (found: [WorkspaceInput], notes: [String]) {
        var found: [WorkspaceInput] = []
        var notes: [String] = []
        for reference in inputs {
            guard let id = FileID(reference.id), let file = try await file(id) else {
                notes.append("\(reference.shownName) is not kept any more, and is not there.")
                continue
            }
            try FileAccess.check(file.details, for: caller.user, asked: reference.scope)
            guard let input = WorkspaceInput(file, as: reference.name) ?? WorkspaceInput(file) else {
                notes.append("An input file has a name that no file can have, and is not there.")
                continue
            }
            // It is kept as long as it is used. That this could not be noted is no reason not to run.
            try? await storage.touchIfDue(file)
            found.append(input)
        }
        guard inputs.isEmpty || !found.isEmpty else { throw StoreError.notFound }
        return (found, notes)
    }

    private func file(_ id: FileID) async throws(StoreError) -> StoredFile? {
        do throws(StoreError) {
            return try await storage.store.file(id, of: caller.storeOwner)
        } catch .notFound {
            return nil
        }
    }

    private func failure(_ error: any Error, _ call: ActionCall) -> CodeAPIFailure {
        switch error {
        case let failure as CodeAPIFailure: return failure
        case let error as StoreError: return CodeAPIFailure(Refusal(error))
        case let error as InterpreterError: return CodeAPIFailure(Refusal(error))
        case let error as E2BError: return CodeAPIFailure(Refusal(error))
        case is LockTimeout:
            return CodeAPIFailure(
                status: 503, "Nothing was done: \(call.deadline.reason). Try again, and do less at the same time.",
                retryAfter: .seconds(5))
        // The only other error is CancellationError.
        default: return CodeAPIFailure(Refusal.cancelled)
        }
    }
}

extension InputReference {
    /// The name for a line of text. Nothing is known of one that names no file.
    fileprivate var shownName: String { name.flatMap { WorkspaceName($0)?.text } ?? "An input file" }
}
