import Budget
import E2B
import FastCGI
import Interpreter
import LibreChat
import Redaction

/// `POST /execute`: a sandbox, one execution in it, its images through the gate, the two-element answer.
struct ExecuteEndpoint: Endpoint {
    /// What runs code. nil: no key for E2B is configured.
    let runner: CodeRunner?
    let lifecycle: SandboxLifecycle?
    let configuration: Configuration
    let hidden: SecretRedactor

    var route: Route { .running("/execute", bodyLimit: configuration.bodyLimit) }

    func accept(_ request: consuming FastCGIRequest, from caller: String) throws(Refusal) -> Acceptance {
        let execution = try ExecuteRequest(
            json: try request.body(), standardTimeout: configuration.timeout,
            maximumTimeout: configuration.maximumTimeout)
        guard let runner, let lifecycle else { throw .withoutAPIKey }
        return .running { id, deadline in
            await answer(to: execution, from: caller, id: id, by: deadline, runner, lifecycle)
        }
    }

    func answer(to refusal: Refusal) -> Answer { Answer(refusal, hidden) }

    private func answer(
        to request: ExecuteRequest, from caller: String, id: String, by deadline: Deadline, _ runner: CodeRunner,
        _ lifecycle: SandboxLifecycle
    ) async -> Answer {
        let sandbox: Sandbox
        do throws(E2BError) {
            sandbox = try await lifecycle.create(options(for: request), mark: id)
        } catch {
            return Answer(Refusal(error), hidden)
        }
        let answer = await answer(to: request, from: caller, in: sandbox, by: deadline, runner)
        // Started now that the answer is complete, and not waited for.
        lifecycle.kill(sandbox.id)
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
        to request: ExecuteRequest, from caller: String, in sandbox: Sandbox, by deadline: Deadline,
        _ runner: CodeRunner
    ) async -> Answer {
        var report = ExecutionReport(
            code: request.code, language: request.language.rawValue, textLimit: configuration.textLimit, hidden: hidden)
        let execution = ExecutionRequest(
            code: request.code,
            language: request.language == .python ? nil : request.language.rawValue,
            envs: request.envs.mapValues { request.language.escaped(variable: $0) },
            timeout: request.timeout)
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
