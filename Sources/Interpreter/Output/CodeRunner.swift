package import E2B
package import ImageGate
import System

/// Runs code in a sandbox, and its images through the gate.
package struct CodeRunner: Sendable {
    private let client: E2BClient
    private let gate: ImageGate
    private let limits: InterpreterLimits
    private let secrets: SecretRedactor

    package init(client: E2BClient, gate: ImageGate, limits: InterpreterLimits, secrets: SecretRedactor) {
        self.client = client
        self.gate = gate
        self.limits = limits
        self.secrets = secrets
    }

    /// Takes one picture through the gate.
    func admit(
        _ bytes: [UInt8], _ type: ImageType, owner: String, for use: ImageUse
    ) async throws(ImageGateError) -> AdmittedImage {
        try await gate.measured(
            bytes, claimed: type, in: ImageBatch(owner: owner), by: use.policy(gate.policy, for: type))
    }

    /// Takes one picture through the gate with all of its pixels: for a file, and not for an answer.
    func admitWhole(_ bytes: [UInt8], _ type: ImageType, owner: String) async throws(ImageGateError) -> AdmittedImage {
        var policy = gate.policy.unbounded
        policy.svg = .sanitise
        return try await gate.measured(bytes, claimed: type, in: ImageBatch(owner: owner), by: policy)
    }

    /// Makes a small image that is the same for all images with the same pixels; nil where that cannot be had.
    func likeness(of image: AdmittedImage, owner: String) async -> [UInt8]? {
        try? await gate.measured(
            image.bytes, claimed: image.type, in: ImageBatch(owner: owner), by: gate.policy.likeness
        )
        .bytes
    }

    /// Bytes of a picture that the gate looks at.
    var pictureLimit: Int { gate.policy.inputByteLimit }

    /// What came of an execution.
    package struct Outcome: Sendable {
        package var record: ExecutionRecord
        /// The limit at which the code was stopped.
        var limit: ProgramLimit?
        /// What kept E2B from running the code to its end.
        package var failure: E2BError?
        package var hasBegun = false
        /// The number of the execution that came before in the kernel, of which 1 is the first; nil: there was none.
        var preparationCount: Int?
        /// The beginning of what the preparation has printed.
        var preparationOutput = ""
        /// The kernel was interrupted before the code's end.
        package var wasInterrupted = false
        /// Why the code did not run to its end, for the log: nothing that it printed or threw, be it a name.
        package var problem: String?
        /// The images that are to get a link.
        var toLink: [ImageToLink] = []
    }

    /// With what is left of the time that the code may take.
    ///
    /// - Parameters:
    ///   - preparation: code that has to run before, in an execution of its own, whose output nobody sees.
    ///   - owner: the name of the key that the caller authenticated with.
    ///   - memory: grows with what the record keeps.
    ///   - extent: how much is kept of what the code prints and displays.
    ///   - images: what is done with its images.
    ///   - canLink: whether the sandbox stays, so that a link to a file in it works.
    ///   - language: of the code, where the execution does not say it.
    ///   - letGo: called once, when the sandbox is needed no longer. Pictures are looked at after that.
    package func run(
        _ execution: ExecutionRequest, after preparation: String? = nil, for owner: String, in sandbox: Sandbox,
        by deadline: Deadline, holding memory: ByteBudget.Reservation, keeping extent: ExecutionRecord.Extent,
        images use: ImageUse = .asAdmitted, canLink: Bool = false, language: Language? = nil, letGo: () -> Void = {}
    ) async -> Outcome {
        let start = ContinuousClock.now
        var end = start
        let outcome = await runUnmeasured(
            execution, after: preparation, for: owner, in: sandbox, by: deadline, holding: memory, keeping: extent,
            images: use, canLink: canLink
        ) {
            end = .now
            letGo()
        }
        let trace = RequestTrace.current
        trace?.waited(forImages: .now - end)
        let language = language?.rawValue ?? execution.language ?? Language.python.rawValue
        trace?.ran(language, outcome.ending, in: end - start, step: .execute, for: owner)
        return outcome
    }

    private func runUnmeasured(
        _ execution: ExecutionRequest, after preparation: String?, for owner: String, in sandbox: Sandbox,
        by deadline: Deadline, holding memory: ByteBudget.Reservation, keeping extent: ExecutionRecord.Extent,
        images use: ImageUse, canLink: Bool, letGo: () -> Void
    ) async -> Outcome {
        var outcome = Outcome(record: ExecutionRecord(keeping: extent, without: secrets))
        let asked = execution.timeout
        var execution = execution
        execution.timeout = deadline.left(of: asked)
        guard execution.timeout > .zero else {
            letGo()
            let stop = "The code was not begun: \(deadline.reason). Try again."
            outcome.record.stopped(.limit(stop))
            outcome.limit = .time
            outcome.problem = stop
            return outcome
        }
        var resultImages = ResultImages(limit: limits.images.count, owner: owner, use: use, canLink: canLink)
        outcome.wasInterrupted = true
        // Beside what the record keeps: a long line while it arrives.
        let line = limits.memory.reservation(for: owner)
        var isShareTaken = false
        do {
            if let preparation {
                var first = execution
                first.code = preparation
                try await client.execute(first, in: sandbox, holding: line) { event in
                    switch event {
                    case .started(let count): outcome.preparationCount = count
                    case .stdout(let text): outcome.preparationOutput += text.prefix(100)
                    default: break
                    }
                }
                execution.timeout = deadline.left(of: asked)
                guard execution.timeout > .zero else { throw E2BError.executionTimedOut }
            }
            try await client.execute(execution, in: sandbox, holding: line) { event in
                switch event {
                case .started: outcome.hasBegun = true
                case .stdout(let text): outcome.record.printed(text)
                case .stderr(let text): outcome.record.printedError(text)
                case .failed(let failure):
                    outcome.record.failed(failure)
                    outcome.problem = outcome.problem ?? failure.problem
                case .result(let result):
                    let image = result.image(secrets)
                    if let image {
                        guard resultImages.isNew(image) else { return }
                        let room = limits.memory.reservation(for: owner)
                        guard await room.grow(to: image.byteCount) else {
                            isShareTaken = room.isShareTaken
                            throw E2BError.outOfMemory(.execute)
                        }
                        resultImages.add(image, gate, holding: room)
                    }
                    outcome.record.displayed(result, besideImage: image != nil)
                }
                guard await memory.grow(to: outcome.record.heldCount) else {
                    throw E2BError.outOfMemory(.execute)
                }
            }
            outcome.wasInterrupted = false
        } catch E2BError.refused(.execute, 500, let message) where !outcome.hasBegun && message.isAboutMissingKernel {
            let language = Language(rawValue: execution.language ?? "python") ?? .python
            let stop = "The sandbox's template has no kernel for \(language.name), so the code did not run."
            outcome.record.stopped(.limit("\(stop) Use another language, python for example."))
            outcome.problem = stop
        } catch E2BError.executionTimedOut {
            let isShortened = execution.timeout < asked
            let seen = outcome.record.whatWasSeen(areImagesMade: !resultImages.isEmpty)
            let stop =
                isShortened
                ? "The code was stopped after \(execution.timeout.wholeWords), and not after \(asked.words): \(deadline.reason)."
                : "The code was stopped at its time limit of \(asked.words)."
            let hint = "A limit of up to \(limits.time.maximum.words) may be asked for."
            outcome.record.stopped(
                .limit("\(stop) \(seen)\(isShortened ? "Try again." : hint)"))
            outcome.limit = .time
            outcome.problem = stop
        } catch E2BError.tooLarge(_, let limit) {
            let stop = "The code was stopped: it sent more than \(limit) bytes of output."
            outcome.record.stopped(.limit(stop))
            outcome.limit = .output
            outcome.problem = stop
        } catch E2BError.outOfMemory {
            isShareTaken = isShareTaken || line.isShareTaken || memory.isShareTaken
            let stop = "The code was stopped: \(ByteBudget.reason(isShareTaken: isShareTaken))"
            outcome.record.stopped(
                .limit("\(stop) Have it print and draw less, or try again in a few seconds."))
            outcome.limit = .output
            outcome.problem = stop
        } catch {
            let failure = error as? E2BError ?? .cancelled
            outcome.failure = failure
            outcome.problem = "\(failure)"
        }
        letGo()
        for image in outcome.record.takePictures() where resultImages.isNew(image) {
            let room = limits.memory.reservation(for: owner)
            if await room.grow(to: image.byteCount) { resultImages.add(image, gate, holding: room) }
        }
        let wait = min(limits.images.wait, max(.zero, deadline.end - .now))
        let images = await resultImages.images(within: wait)
        outcome.record.drew(images.admitted, notes: images.notes)
        outcome.toLink = resultImages.toLink
        return outcome
    }
}

extension CodeRunner.Outcome {
    fileprivate var ending: Measurements.Ending {
        if let failure { return failure == .cancelled ? .cancelled : .e2bError }
        switch limit {
        case .time: return .timeLimit
        case .output: return .outputLimit
        default: break
        }
        if let failure = record.failure { return failure.isEndOfKernel ? .kernelDied : .exception }
        return problem == nil ? .completed : .noKernel
    }
}

extension String {
    /// What the code interpreter says when its template has no kernel for a language. Protocol.md, 5.1.
    var isAboutMissingKernel: Bool {
        contains("Failed to create context") && (contains("kernel") || contains("not found"))
    }
}

extension ExecutionRecord {
    /// Where what came before the end of the time is; empty: nothing came.
    fileprivate func whatWasSeen(areImagesMade: Bool) -> String {
        let isPrinted = !stdout.isEmpty || !stderr.isEmpty || !displays.isEmpty
        switch (isPrinted, areImagesMade) {
        case (true, true): return "What it printed and drew before is above. "
        case (true, false): return "What it printed before is above. "
        case (false, true): return "What it drew before is there. "
        case (false, false): return "It had printed and drawn nothing by then. "
        }
    }
}

extension ExecutionFailure {
    /// The process that ran the code is another one now, without its variables.
    var isEndOfKernel: Bool { name == "ContextRestarting" }

    /// The kind of it alone: its name and its value are the code's own.
    fileprivate var problem: String {
        isEndOfKernel ? "The process that ran the code died." : "The code ended with an exception."
    }
}
