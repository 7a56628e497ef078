package import Budget
package import E2B
package import ImageGate
package import Redaction
import System

/// What gathers the output of an execution: the text of `POST /execute`, or the parts of an action's answer.
package protocol ExecutionRecord {
    mutating func printed(_ text: String)
    mutating func printedError(_ text: String)
    /// A result that carries no image.
    mutating func displayed(_ result: ExecutionResult)
    mutating func failed(_ failure: ExecutionFailure)
    /// The code did not come to its end for another reason than an exception of its own.
    mutating func stopped(_ sentence: String)
    /// One line about an image that is not shown as it was made.
    mutating func noted(image line: String)
    /// Bytes that are kept, where they may be many.
    var heldCount: Int { get }
}

/// Runs code in a sandbox, and its images through the gate.
package struct CodeRunner: Sendable {
    private let client: E2BClient
    private let gate: ImageGate
    private let limits: InterpreterLimits
    private let hidden: SecretRedactor

    package init(client: E2BClient, gate: ImageGate, limits: InterpreterLimits, hidden: SecretRedactor) {
        self.client = client
        self.gate = gate
        self.limits = limits
        self.hidden = hidden
    }

    /// What came of an execution, besides what went into its record.
    package struct Outcome: Sendable {
        package var images: [AdmittedImage] = []
        /// What kept E2B from running the code to its end.
        package var failure: E2BError?
        package var hasBegun = false
        /// The kernel was interrupted before the code's end.
        package var wasInterrupted = false
        /// Why the code did not run to its end, for the log: nothing that it printed or threw, be it a name.
        package var problem: String?
    }

    /// With what is left of the time that the code may take.
    ///
    /// - Parameters:
    ///   - owner: the name of the key that the caller authenticated with.
    ///   - memory: grows with what the record keeps.
    package func run(
        _ execution: ExecutionRequest, for owner: String, in sandbox: Sandbox, by deadline: Deadline,
        holding memory: ByteBudget.Reservation, into record: inout some ExecutionRecord
    ) async -> Outcome {
        let asked = execution.timeout
        var execution = execution
        execution.timeout = deadline.left(of: asked)
        guard execution.timeout > .zero else {
            let stop = "The code was not begun: \(deadline.reason). Try again."
            record.stopped(stop)
            return Outcome(problem: stop)
        }
        var resultImages = ResultImages(limit: limits.images, owner: owner)
        var outcome = Outcome(wasInterrupted: true)
        do {
            try await client.execute(execution, in: sandbox) { event in
                switch event {
                case .started: outcome.hasBegun = true
                case .stdout(let text): record.printed(text)
                case .stderr(let text): record.printedError(text)
                case .failed(let failure):
                    record.failed(failure)
                    outcome.problem = outcome.problem ?? failure.problem
                case .result(let result):
                    if let image = result.image(hidden) {
                        let room = await limits.memory.reserve(image.byteCount, within: ByteBudget.patience)
                        guard let room else { throw E2BError.outOfMemory(.execute) }
                        resultImages.add(image, gate, holding: room)
                    } else {
                        record.displayed(result)
                    }
                }
                guard await memory.grow(to: record.heldCount, within: ByteBudget.patience) else {
                    throw E2BError.outOfMemory(.execute)
                }
            }
            outcome.wasInterrupted = false
        } catch E2BError.executionTimedOut {
            let isShortened = execution.timeout < asked
            let stop =
                isShortened
                ? "The code was stopped after \(execution.timeout.wholeWords), and not after \(asked.words): \(deadline.reason)."
                : "The code was stopped at its time limit of \(asked.words)."
            let hint = "A limit of up to \(limits.maximumTimeout.words) may be asked for."
            record.stopped("\(stop) What it printed and drew before is above. \(isShortened ? "Try again." : hint)")
            outcome.problem = stop
        } catch E2BError.tooLarge(_, let limit) {
            let stop = "The code was stopped: it sent more than \(limit) bytes of output."
            record.stopped(stop)
            outcome.problem = stop
        } catch E2BError.outOfMemory {
            let stop = "The code was stopped: the service has no memory for its output now."
            record.stopped("\(stop) Have it print and draw less, or try again in a few seconds.")
            outcome.problem = stop
        } catch {
            let failure = error as? E2BError ?? .cancelled
            outcome.failure = failure
            outcome.problem = "\(failure)"
        }
        let wait = min(limits.imageWait, max(.zero, deadline.end - .now))
        let images = await resultImages.images(within: wait)
        for note in images.notes { record.noted(image: note) }
        outcome.images = images.admitted
        return outcome
    }
}

extension ExecutionFailure {
    /// The kind of it alone: its name and its value are the code's own.
    fileprivate var problem: String {
        name == "ContextRestarting" ? "The process that ran the code died." : "The code ended with an exception."
    }
}
