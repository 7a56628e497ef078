import Budget
import E2B
import Interpreter
import LibreChat
import Redaction

/// `POST /execute`: a sandbox, one execution in it, its images through the gate, the two-element answer.
struct ExecuteHandler: Sendable {
    let keeper: SandboxKeeper
    let runner: CodeRunner
    let configuration: Configuration
    let hidden: SecretRedactor

    /// - Parameters:
    ///   - caller: the name of the key that the caller authenticated with.
    ///   - id: the request's, unique.
    func answer(
        to request: ExecuteRequest, from caller: String, id: String, by deadline: Deadline
    ) async -> Answer {
        let sandbox: Sandbox
        do throws(E2BError) {
            sandbox = try await keeper.create(options(for: request), mark: id)
        } catch {
            return Answer(Refusal(error), hidden)
        }
        let answer = await answer(to: request, from: caller, in: sandbox, by: deadline)
        // Started now that the answer is complete, and not waited for.
        keeper.kill(sandbox.id)
        return answer
    }

    private func options(for request: ExecuteRequest) -> SandboxOptions {
        SandboxOptions(
            template: configuration.template,
            // What ends the sandbox when nothing of ours lives to do it.
            timeout: request.timeout + .seconds(30),
            envs: configuration.hiddenVariables)
    }

    private func answer(
        to request: ExecuteRequest, from caller: String, in sandbox: Sandbox, by deadline: Deadline
    ) async -> Answer {
        var report = ExecutionReport(
            code: request.code, language: request.language.rawValue, textLimit: configuration.textLimit, hidden: hidden)
        var execution = ExecutionRequest(
            code: request.code,
            language: request.language == .python ? nil : request.language.rawValue,
            envs: request.envs.mapValues { request.language.escaped(variable: $0) },
            timeout: request.timeout)
        execution.isLast = true
        let memory = configuration.memory.reservation()
        let outcome = await runner.run(
            execution, for: caller, in: sandbox, by: deadline, holding: memory, into: &report)
        let refusal = outcome.failure.map { Refusal($0) }
        if let refusal { report.stopped(refusal.sentence) }
        var answer = Answer(
            status: refusal?.status ?? 200,
            content: ToolContent(text: report.rendered(), images: outcome.images), hidden,
            retryAfter: refusal?.retryAfter,
            sandboxID: sandbox.id)
        answer.outcome.problem = refusal?.sentence ?? outcome.problem
        return answer
    }
}
