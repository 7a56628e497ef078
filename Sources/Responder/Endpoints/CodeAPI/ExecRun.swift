import CodeAPI
import E2B
import Interpreter
import Store

/// A run of a program that finds the caller's files.
struct ExecRun: Sendable {
    let inputs: [InputReference]
    let hint: String?
    let caller: CodeAPICaller
    let context: CodeAPIContext
    let storage: Storage
    let services: ActionServices

    /// Makes the answer of a run.
    ///
    /// - Parameter body: what is to be done. Its errors become refusals.
    func answer(
        id: String, by deadline: Deadline, _ body: (ActionCall) async throws -> Answer
    ) async -> Answer {
        let call = ActionCall(
            owner: caller.owner, id: id, deadline: deadline, services: services,
            sandboxes: .made(idle: context.configuration.sessionIdle))
        var answer: Answer
        do {
            answer = try await body(call)
        } catch {
            answer = Answer(CodeAPIFailure(error, by: deadline), context.secrets)
        }
        if !session.isEmpty { answer.outcome.sandboxID = call.sandboxID(ofSession: session) }
        return answer
    }

    /// The session's name; empty for a sandbox of the run's own. It is the one that other surfaces have for it, so that a
    /// conversation has one sandbox.
    private var session: String {
        guard let hint else { return "" }
        return SessionName.isValid(hint) ? hint : StoreSessionID(hashing: hint).text
    }

    /// Runs the program.
    ///
    /// - Parameter files: where its files are stored.
    /// - Returns: what came of it, and the answer that says so.
    func perform(
        _ program: WorkspaceProgram, storingAt files: StoreSessionID, _ call: ActionCall
    ) async throws -> (result: RunInWorkspaceResult, reply: ExecAnswer) {
        let start = ContinuousClock.now
        let (inputs, notes) = try await findInputs()
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
        return (result, reply)
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
}

extension CodeAPIFailure {
    /// Why a run has not begun.
    init(_ error: any Error, by deadline: Deadline) {
        switch error {
        case let failure as CodeAPIFailure: self = failure
        case let error as StoreError: self.init(Refusal(error))
        case let error as InterpreterError: self.init(Refusal(error))
        case let error as E2BError: self.init(Refusal(error))
        case is LockTimeout: self.init(status: 503, deadline.turnMissed, retryAfter: .seconds(5))
        // The only other error is CancellationError.
        default: self.init(Refusal.cancelled)
        }
    }
}

extension Answer {
    /// The answer of a program that has come to its end.
    init(_ reply: ExecAnswer, of result: RunInWorkspaceResult, _ secrets: SecretRedactor) {
        self.init(status: 200, body: reply.encoded(without: secrets))
        outcome.problem = result.problem
        outcome.images = result.files.count { !$0.isInherited && $0.file.details.isAdmittedImage }
    }
}

extension InputReference {
    /// The name for a line of text. Nothing is known of one that names no file.
    fileprivate var shownName: String { name.flatMap { WorkspaceName($0)?.text } ?? "An input file" }
}
