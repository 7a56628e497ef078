import E2B
import ImageGate
import Interpreter
import JSON
import LibreChat

/// Running code in the session's kernels.
extension ActionCall {
    func execute() async throws -> ActionOutcome {
        let code = try required(\.code)
        guard !code.isBlank else {
            throw failure("Code is required for `execute` action.")
        }
        guard let language = Language(name: arguments.language ?? "python") else {
            throw failure("`language` must be \(Parameter.language.type.expectation).")
        }
        var execution = ExecutionRequest(
            code: code, language: language == .python ? nil : language.rawValue,
            envs: (arguments.envs ?? [:]).mapValues { language.escaped(variable: $0) },
            timeout: try timeLimit(standard: configuration.timeout))
        // Behind an execution that came by way of another responder.
        execution.mayQueue = true
        let wantsContent = arguments.format == "content"
        return try await inSandbox { [execution] sandbox in
            if wantsContent {
                var report = ExecutionReport(
                    code: code, language: language.rawValue, textLimit: configuration.textLimit,
                    hidden: services.hidden)
                let outcome = try await run(execution, language, in: sandbox, into: &report) { report, error in
                    report.stopped("\(error)")
                }
                return .content(
                    ToolContent(text: report.rendered(), images: outcome.images), problem: outcome.problem)
            }
            var record = ExecutionParts(limit: configuration.fileLimit)
            let outcome = try await run(execution, language, in: sandbox, into: &record) { record, error in
                record.broke(error)
            }
            return .reply(await reply(record, outcome.images, in: sandbox), problem: outcome.problem)
        }
    }

    /// In its turn: a kernel runs one execution after the other.
    ///
    /// - Parameter broke: called when E2B failed after the code had begun, which must not begin once more.
    private func run<Record: ExecutionRecord>(
        _ execution: ExecutionRequest, _ language: Language, in sandbox: Sandbox, into record: inout Record,
        broke: (inout Record, E2BError) -> Void
    ) async throws -> CodeRunner.Outcome {
        // Cancelled while it runs, it has been interrupted as well.
        var wasInterrupted = true
        let key = ContextKey(sandboxID: sandbox.id, language: language)
        return try await services.contexts.run(
            key, until: deadline.work, restingFor: { wasInterrupted ? Self.rest : .zero }
        ) {
            var outcome = await services.runner.run(
                execution, for: owner, in: sandbox, by: deadline, holding: memory, into: &record)
            if case .notStarted = outcome.failure {
                // A kernel can lose what comes right after an interrupted execution. It surely never ran.
                try await Task.sleep(for: Self.rest)
                outcome = await services.runner.run(
                    execution, for: owner, in: sandbox, by: deadline, holding: memory, into: &record)
            }
            wasInterrupted = outcome.wasInterrupted
            if let failure = outcome.failure {
                guard outcome.hasBegun, failure != .cancelled else { throw failure }
                broke(&record, failure)
            }
            return outcome
        }
    }

    /// How long a kernel needs after an interruption before it takes the next execution (Protocol.md, 5.7).
    private static let rest = Duration.milliseconds(500)

    private func reply(
        _ record: ExecutionParts, _ images: [AdmittedImage], in sandbox: Sandbox
    ) async -> ActionReply {
        let stdout = await shown(record.stdout, "stdout", in: sandbox)
        let stderr = await shown(record.stderr, "stderr", in: sandbox)
        let output = await shown(record.output, "output", in: sandbox)
        var results: [JSONNode] = []
        for (index, result) in record.results.enumerated() {
            let text = await shown(result.text, "result-\(index + 1)", in: sandbox)
            results.append(["type": .text(result.type), result.type: .text(text)])
        }
        var error = JSONNode.null
        if let failure = record.failure, let thrown = record.thrown {
            error = [
                "name": .text(failure.name.shortened(to: 1000, without: services.hidden)),
                "value": .text(await shown(thrown.value, "error", in: sandbox)),
                "traceback": .text(await shown(thrown.traceback, "traceback", in: sandbox)),
            ]
        }
        var reply = self.reply(
            ("output", .text(output)), ("logs", ["stdout": .text(stdout), "stderr": .text(stderr)]),
            ("error", error), ("results", .list(results)),
            ("images", .list(images.map(\.summary))))
        let remarks = record.remarks
        if !remarks.isEmpty { reply.members.append(.init("notes", .list(remarks.map { .text($0) }))) }
        reply.isSuccess = record.failure == nil
        return reply
    }
}

extension AdmittedImage {
    /// What there is to say of it where there is no place for its bytes.
    fileprivate var summary: JSONNode {
        [
            "mimeType": .text(type.mimeType), "width": .number(width), "height": .number(height),
            "bytes": .number(bytes.count),
        ]
    }
}
