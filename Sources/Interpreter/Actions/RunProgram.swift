package import E2B

/// Runs a program in a sandbox of its own, which ends with it.
package struct RunProgram: Action {
    package var code: String
    package var language: Language
    package var variables: [String: String]
    package var timeLimit: Duration

    package init(
        code: String, language: Language = .python, variables: [String: String] = [:], timeLimit: Duration
    ) {
        self.code = code.program
        self.language = language
        self.variables = variables
        self.timeLimit = timeLimit
    }

    /// - Throws: `E2BError` if no sandbox could be created. Later errors are part of the result, because the output
    ///   until then is worth more than the error alone.
    package func perform(_ call: ActionCall) async throws(E2BError) -> RunProgramResult {
        // The timeout ends the sandbox if this process has ended and cannot kill it.
        let life = timeLimit + .seconds(30)
        if let sandbox = await call.services.warm?.take(for: life, owner: call.owner) {
            let outcome = await run(in: sandbox, call)
            guard case .sandboxGone = outcome.failure, !outcome.hasBegun else {
                return await result(of: outcome, in: sandbox, call)
            }
            // It died while it waited, and the program has not begun in it.
            call.services.warm?.lookAtOthers()
        }
        let sandbox = try await call.services.lifecycle.create(
            call.services.sandboxOptions(endingAfter: life), for: call.owner, mark: call.id)
        return await result(of: await run(in: sandbox, call), in: sandbox, call)
    }

    private func run(in sandbox: Sandbox, _ call: ActionCall) async -> CodeRunner.Outcome {
        let execution = ExecutionRequest(code: code, in: language, timeout: timeLimit)
        let kernel = ContextKey(sandboxID: sandbox.id, language: language)
        return await call.run(
            execution, kernel, variables, in: sandbox, keeping: call.limits.extent(of: .answer)
        ) {
            // The kill is started here, and the answer does not wait for it.
            call.services.lifecycle.kill(sandbox.id)
        }
    }

    private func result(
        of outcome: CodeRunner.Outcome, in sandbox: Sandbox, _ call: ActionCall
    ) async -> RunProgramResult {
        RunProgramResult(
            sandboxID: sandbox.id, record: outcome.record,
            pictureLinks: await call.links(inPlaceOf: outcome.record.images), failure: outcome.failure,
            problem: outcome.problem)
    }
}

package struct RunProgramResult: Sendable {
    package let sandboxID: String
    package var record: ExecutionRecord
    /// Links in place of the record's images, one for each; nil for an image that the answer has itself.
    package let pictureLinks: [LinkToFileResult?]
    /// The error because of which E2B did not run the program to its end.
    package let failure: E2BError?
    /// The reason why the program did not run to its end, for the log. It contains nothing that the program printed or
    /// threw.
    package let problem: String?
}
