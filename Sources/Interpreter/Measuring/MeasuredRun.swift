import E2B

/// The run of a program or a command in a process of its own.
struct MeasuredRun {
    private let language: String
    private let owner: String
    private let start = ContinuousClock.now

    /// - Parameter language: the name of a ``Language``, or ``RequestTrace/shell``.
    init(_ language: String, for owner: String) {
        self.language = language
        self.owner = owner
    }

    func ended(_ exit: ProcessExit) { note(exit.code == 0 ? .completed : .exception) }

    func ended(_ error: E2BError) {
        switch error {
        case .executionTimedOut: note(.timeLimit)
        case .tooLarge, .outOfMemory: note(.outputLimit)
        case .cancelled, .shutDown: note(.cancelled)
        default: note(.e2bError)
        }
    }

    private func note(_ ending: Measurements.Ending) {
        RequestTrace.current?.ran(language, ending, in: .now - start, step: .runProcess, for: owner)
    }
}
