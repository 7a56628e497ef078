import E2B
import System

/// Runs code in one of the session's kernels, whose variables and imports stay.
package struct RunCode: SessionAction {
    package var session: String
    package var code: String
    package var language: Language
    package var variables: [String: String]
    /// The longest time for the code; nil for the operator's standard.
    package var timeLimit: Duration?
    /// How much of the output the surface can show.
    package var keeping: ShownOutput

    package init(
        session: String, code: String, language: Language = .python, variables: [String: String] = [:],
        timeLimit: Duration? = nil, keeping: ShownOutput
    ) {
        self.session = session
        self.code = code.program
        self.language = language
        self.variables = variables
        self.timeLimit = timeLimit
        self.keeping = keeping
    }

    package func perform(_ call: ActionCall) async throws -> RunCodeResult {
        var execution = ExecutionRequest(
            code: code, in: language, timeout: try call.timeLimit(timeLimit, standard: call.limits.time.standard))
        // Another responder may be running code in the same kernel. This execution then waits behind it.
        execution.mayQueue = true
        return try await inSandbox(call, taking: execution.timeout) { [execution] sandbox in
            let outcome = try await run(execution, in: sandbox, call)
            var result = RunCodeResult(outcome, OutputStorage(call, in: sandbox), textLimit: call.limits.text)
            result.imageLinks = await call.links(to: outcome.toLink, in: sandbox)
            result.pictureLinks = await call.links(inPlaceOf: outcome.record.images)
            return result
        }
    }

    /// Runs the code when its turn has come, because a kernel runs one execution after the other.
    private func run(
        _ execution: ExecutionRequest, in sandbox: Sandbox, _ call: ActionCall
    ) async throws -> CodeRunner.Outcome {
        let extent = call.limits.extent(of: keeping)
        // This stays true if the task is cancelled: the cancellation has interrupted the code.
        var wasInterrupted = true
        let key = ContextKey(sandboxID: sandbox.id, language: language)
        return try await call.services.contexts.run(
            key, until: call.deadline.work, restingFor: { wasInterrupted ? Self.rest : .zero }
        ) {
            let canLink = !session.isEmpty || call.isSharing
            var outcome = await call.run(
                execution, key, variables, in: sandbox, keeping: extent, canLink: canLink)
            if case .notStarted = outcome.failure {
                // A kernel can lose an execution that comes right after an interrupted one. The lost code never ran, so
                // it may be sent again.
                try await Task.sleep(for: Self.rest)
                outcome = await call.run(
                    execution, key, variables, in: sandbox, keeping: extent, canLink: canLink)
            }
            wasInterrupted = outcome.wasInterrupted
            // Without a session the sandbox ends with the call, and its variables with it.
            if !variables.isEmpty, !session.isEmpty {
                await restore(in: sandbox, call, after: wasInterrupted ? Self.rest : .zero)
                wasInterrupted = false
            }
            if let failure = outcome.failure {
                // The code has begun, so the caller must not repeat the call. It gets a result with what was printed,
                // and not an error.
                guard outcome.hasBegun, failure != .cancelled else { throw failure }
                outcome.record.stopped(.sandbox("\(failure)"))
            }
            return outcome
        }
    }

    /// Removes the call's variables from the kernel, even if the caller no longer waits for it.
    private func restore(in sandbox: Sandbox, _ call: ActionCall, after rest: Duration) async {
        var execution = ExecutionRequest(
            code: language.restoring(variables), in: language, timeout: Self.restoringLimit)
        execution.mayQueue = true
        await inBackground(waitingAtMost: Self.restoringLimit) { [execution] in
            // Nobody cancels this task. If the sandbox does not answer, the variables stay for the next call.
            try? await Task.sleep(for: rest)
            try? await call.client.execute(execution, in: sandbox) { _ in }
        }
    }

    private static let restoringLimit = Duration.seconds(10)

    /// How long a kernel needs after an interruption before it takes the next execution (Protocol.md, 5.7).
    private static let rest = Duration.milliseconds(500)
}

/// How much a surface shows of a program's output.
package enum ShownOutput: Equatable, Sendable {
    /// The answer is one text, whose length the operator limits.
    case answer
    /// The answer has each part separately. A long part is written into a file as a whole.
    case parts
}

extension InterpreterLimits {
    func extent(of output: ShownOutput) -> ExecutionRecord.Extent {
        switch output {
        case .answer: .ends(scalars: text)
        case .parts: .parts(bytes: fileSize)
        }
    }
}

package struct RunCodeResult: Sendable {
    package let record: ExecutionRecord
    /// The reason why the code did not run to its end, for the log. It contains nothing that the code printed or threw.
    package let problem: String?
    /// The largest number of Unicode scalars of an answer that is one text.
    package let textLimit: Int
    /// The links to images that the caller wants as links, or for which the answer has no room.
    package fileprivate(set) var imageLinks: [ImageLink] = []
    /// Links in place of the record's images, one for each; nil for an image that the answer has itself.
    package fileprivate(set) var pictureLinks: [LinkToFileResult?] = []
    package var secrets: SecretRedactor { storage.secrets }
    private let storage: OutputStorage

    fileprivate init(_ outcome: CodeRunner.Outcome, _ storage: OutputStorage, textLimit: Int) {
        record = outcome.record
        problem = outcome.problem
        self.textLimit = textLimit
        self.storage = storage
    }

    /// Returns the parts of the record for an answer. A part that is too long is written into a file of the sandbox.
    package func texts() async -> ExecutionTexts {
        var texts = ExecutionTexts(
            stdout: await storage.shown(record.stdout, as: "stdout"),
            stderr: await storage.shown(record.stderr, as: "stderr"),
            mainText: await storage.shown(record.mainText, as: "output"))
        for (index, display) in record.displays.enumerated() {
            let text = await storage.shown(display.text, as: "result-\(index + 1)")
            texts.displays.append((display.form, text))
        }
        if let failure = record.failure ?? record.stop?.failure {
            texts.failure = ExecutionTexts.Failure(
                name: failure.name.shortened(to: 1000, without: storage.secrets),
                value: await storage.shown(CapturedOutput(whole: failure.readableValue), as: "error"),
                traceback: await storage.shown(CapturedOutput(whole: failure.readableTraceback), as: "traceback"))
        }
        return texts
    }
}

/// The parts of an execution as an answer shows them: without secrets, and each within the limit of an answer.
package struct ExecutionTexts: Sendable {
    package struct Failure: Sendable {
        package let name: String
        package let value: String
        package let traceback: String
    }

    package let stdout: String
    package let stderr: String
    package let mainText: String
    package fileprivate(set) var displays: [(form: ExecutionRecord.Display.Form, text: String)] = []
    package fileprivate(set) var failure: Failure?
}

extension ExecutionRecord.Stop {
    /// The stop in the form of an exception of the code.
    fileprivate var failure: ExecutionFailure {
        switch self {
        case .limit(let sentence): ExecutionFailure(name: "Stopped", value: sentence, traceback: "")
        case .sandbox(let sentence): ExecutionFailure(name: "SandboxError", value: sentence, traceback: "")
        }
    }
}

extension ActionCall {
    /// Runs the execution within the time that is left for it.
    func run(
        _ execution: ExecutionRequest, _ kernel: ContextKey, _ variables: [String: String], in sandbox: Sandbox,
        keeping extent: ExecutionRecord.Extent, canLink: Bool = false, letGo: () -> Void = {}
    ) async -> CodeRunner.Outcome {
        let kernels = services.preparedKernels
        let preparation = kernel.language.preparation(isFresh: !kernels.contains(kernel), setting: variables)
        let wasInDoubt = kernels.takeDoubt(kernel)
        let outcome = await services.runner.run(
            execution, after: preparation, for: owner, in: sandbox, by: deadline, holding: memory, keeping: extent,
            images: images, canLink: canLink, letGo: letGo)
        if wasInDoubt, outcome.preparationCount == 1 {
            notes.add(
                "The process that runs \(kernel.language.name) was started anew while the sandbox was paused, so its variables "
                    + "and imports are gone, and the files are there.")
        }
        if outcome.record.failure?.isEndOfKernel == true {
            kernels.remove(kernel)
        } else if outcome.hasBegun {
            kernels.insert(kernel)
        }
        return outcome
    }
}

extension ExecutionRequest {
    init(code: String, in language: Language, timeout: Duration) {
        self.init(code: code, language: language == .python ? nil : language.rawValue, timeout: timeout)
    }
}
