import E2B
import ImageGate
import LibreChat

/// What a handler made of a request.
struct Answer: Sendable {
    var status: Int
    var content: ToolContent
    var retryAfter: Duration?
    var outcome: Outcome

    init(status: Int, content: ToolContent, retryAfter: Duration? = nil, sandboxID: String? = nil) {
        self.status = status
        self.content = content
        self.retryAfter = retryAfter
        outcome = Outcome(sandboxID: sandboxID, images: content.images.count)
    }

    /// What E2B said may hold a hidden value.
    init(_ refusal: Refusal, _ hidden: HiddenValues) {
        self.init(
            status: refusal.status, content: ToolContent(text: hidden.masked(in: refusal.sentence)),
            retryAfter: refusal.retryAfter)
    }
}

/// `POST /execute`: a sandbox, one execution in it, its images through the gate, the two-element answer.
struct ExecuteHandler: Sendable {
    let client: E2BClient
    let keeper: SandboxKeeper
    let gate: ImageGate
    let configuration: Configuration
    let hidden: HiddenValues

    /// - Parameter id: the request's, unique.
    func answer(to request: ExecuteRequest, id: String) async -> Answer {
        let sandbox: Sandbox
        do throws(E2BError) {
            sandbox = try await keeper.create(options(for: request), mark: id)
        } catch {
            return Answer(Refusal(error), hidden)
        }
        let answer = await answer(to: request, in: sandbox)
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

    private func answer(to request: ExecuteRequest, in sandbox: Sandbox) async -> Answer {
        var report = ExecutionReport(
            code: request.code, language: request.language.rawValue, textLimit: configuration.textLimit, hidden: hidden)
        var gallery = Gallery(limit: configuration.imageLimit)
        var refusal: Refusal?
        let execution = ExecutionRequest(
            code: request.code,
            language: request.language == .python ? nil : request.language.rawValue,
            envs: request.envs.mapValues { request.language.escaped(variable: $0) },
            timeout: request.timeout)
        do {
            try await client.execute(execution, in: sandbox) { event in
                switch event {
                case .started: break
                case .stdout(let text): report.printed(text)
                case .stderr(let text): report.printedError(text)
                case .failed(let failure): report.failed(failure)
                case .result(let result):
                    if let image = result.image(hidden) {
                        gallery.add(image, gate)
                    } else {
                        report.displayed(result)
                    }
                }
            }
        } catch E2BError.executionTimedOut {
            report.stopped(
                "The code was stopped at its time limit of \(request.timeout.words). What it printed and drew before "
                    + "is above. `timeout` may be up to \(configuration.maximumTimeout.words).")
        } catch E2BError.tooLarge(_, let limit) {
            report.stopped("The code was stopped: it sent more than \(limit) bytes of output.")
        } catch {
            refusal = (error as? E2BError).map { Refusal($0) } ?? .cancelled
        }
        let images = await gallery.images()
        for note in images.notes { report.noted(image: note) }
        if let refusal { report.stopped(refusal.sentence) }
        return Answer(
            status: refusal?.status ?? 200,
            content: ToolContent(text: report.rendered(), images: images.admitted),
            retryAfter: refusal?.retryAfter,
            sandboxID: sandbox.id)
    }
}

extension Duration {
    /// `120 seconds`, `1.5 seconds`.
    fileprivate var words: String {
        let milliseconds = components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
        let isWhole = milliseconds % 1000 == 0
        return isWhole ? "\(components.seconds) seconds" : "\(Double(milliseconds) / 1000) seconds"
    }
}
