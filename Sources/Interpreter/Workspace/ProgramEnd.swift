import E2B
import ImageGate
import System

/// What a program printed and drew, and how it ended.
package struct ProgramEnd: Sendable {
    /// Both without secrets, and valid UTF-8.
    package var stdout = ""
    /// What it printed there, and sentences about what it could not say itself. Some may be empty.
    var stderr: [String] = []
    /// nil: it was stopped.
    package var exitCode: Int?
    /// The signal that ended it, `SIGKILL` for example.
    package var signal: String?
    /// The limit at which it was stopped.
    package var limit: ProgramLimit?
    /// Why it did not succeed, for the log: nothing that it printed or threw.
    package var problem: String?
    var figures: [AdmittedImage] = []
    /// When it began, in seconds since 1970 by the sandbox's clock; nil: that is not known.
    var began: Double?

    /// Bytes that are kept from the beginning of each output, besides its end.
    static let outputLimit = 1 << 20
    /// Unicode scalars of a traceback.
    private static let tracebackLimit = 20_000

    /// It has done nothing, and that well.
    init() { exitCode = 0 }

    init(stoppedAt limit: ProgramLimit?, _ sentence: String) {
        self.limit = limit
        signal = limit == nil ? nil : "SIGKILL"
        problem = sentence
        stderr.append(sentence)
    }

    static func withoutKernel(for language: Language) -> ProgramEnd {
        var end = ProgramEnd(
            stoppedAt: nil,
            "The sandbox's template has no kernel for \(language.name), so the code did not run. Use another language, python "
                + "for example.")
        end.exitCode = 127
        end.stderr.append(end.exitLine)
        return end
    }

    private var exitLine: String { "[exit status \(exitCode ?? 1)]" }

    // MARK: - A process

    init(_ exit: ProcessExit) {
        if exit.isExited {
            exitCode = exit.code
            guard exit.code != 0 else { return }
            problem = "The program ended with exit status \(exit.code)."
            stderr.append(exitLine)
        } else {
            signal = exit.signal.map { "SIG\($0.uppercased())" }
            problem = "The program was ended by a signal (\(exit.status))."
            stderr.append("[\(exit.status)]")
        }
    }

    /// - Parameter limit: of its time.
    init(_ error: E2BError, _ limit: Duration, isShortened: Bool, _ call: ActionCall) {
        switch error {
        case .executionTimedOut:
            let stop =
                isShortened
                ? "The code was stopped after \(limit.wholeWords): \(call.deadline.reason). Try again."
                : "The code was stopped at its time limit of \(limit.words)."
            self.init(stoppedAt: .time, stop)
        case .tooLarge(_, let limit):
            self.init(
                stoppedAt: .output,
                "The code was stopped: it sent more than \(limit) bytes. Write its output to a file.")
        case .outOfMemory:
            let reason = ByteBudget.reason(isShareTaken: call.memory.isShareTaken)
            self.init(stoppedAt: .output, "The code was stopped: \(reason) Write its output to a file.")
        default: self.init(stoppedAt: nil, "\(error)")
        }
    }

    // MARK: - A kernel

    init(_ outcome: CodeRunner.Outcome, _ secrets: SecretRedactor) {
        let record = outcome.record
        limit = outcome.limit
        problem = outcome.problem
        figures = record.images
        began = Double(outcome.preparationOutput.filter { !$0.isWhitespace })
        stdout = record.stdout.cleaned(secrets).rendered()
        var displays = record.displays
        // The value of the last line says nothing to a program that prints, such as the number of bytes that it wrote.
        if !stdout.isEmpty, let last = displays.last, !record.mainText.isEmpty, last.text.kept == record.mainText.kept {
            displays.removeLast()
        }
        for display in displays {
            let text = display.text.cleaned(secrets).rendered()
            if !stdout.isEmpty, !stdout.hasSuffix("\n") { stdout += "\n" }
            stdout += text.hasSuffix("\n") ? text : text + "\n"
        }
        var printed = record.stderr.cleaned(secrets).rendered()
        var words: [String] = record.notes
        if record.displaysLeftOut > 0 { words.append("\(record.displaysLeftOut) more displayed objects are left out.") }
        words += record.imageNotes
        exitCode = 0
        if let failure = record.failure {
            if let status = failure.exitStatus {
                // This is how a program ends itself, and nothing that it has to be told about.
                printed = printed.withoutAdviceOnExit
                exitCode = status.code
                if let message = status.message { words.append(secrets.redacted(message)) }
                if status.code == 0 { problem = nil }
            } else {
                exitCode = 1
                words.append(failure.readable { $0.shortened(to: Self.tracebackLimit, without: secrets) })
            }
        }
        if let stop = record.stop {
            exitCode = nil
            signal = limit == nil ? nil : "SIGKILL"
            words.append(stop.sentence)
        }
        if let failure = outcome.failure {
            exitCode = nil
            words.append("\(failure)")
        }
        if let exitCode, exitCode != 0 { words.append(exitLine) }
        stderr = [printed] + words.map(secrets.redacted)
    }
}

extension ExecutionFailure {
    /// The status with which `sys.exit` ends a program, and what it prints then; nil for any other failure.
    fileprivate var exitStatus: (code: Int, message: String?)? {
        guard name == "SystemExit" else { return nil }
        if value.isEmpty || value == "None" || value == "False" { return (0, nil) }
        if value == "True" { return (1, nil) }
        // A status has eight bits, as exit(3) says.
        return Int(value).map { ($0 & 0xff, nil) } ?? (1, value)
    }
}

extension String {
    /// Without what IPython says about `sys.exit`: how to leave a prompt that is not there.
    fileprivate var withoutAdviceOnExit: String {
        guard contains("To exit: use 'exit'") else { return self }
        var lines = split(separator: "\n", omittingEmptySubsequences: false)
        guard let advice = lines.firstIndex(where: { $0.contains("UserWarning: To exit: use 'exit'") }) else {
            return self
        }
        lines.remove(at: advice)
        // The warning's own line of code.
        if lines.indices.contains(advice), lines[advice].contains("warn(") { lines.remove(at: advice) }
        return lines.joined(separator: "\n")
    }
}
