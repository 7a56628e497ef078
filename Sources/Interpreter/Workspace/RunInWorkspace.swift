import E2B
package import Store

/// Runs a program that finds its files in the workspace, and hands over those that it leaves there.
package struct RunInWorkspace: Sendable {
    package var program: WorkspaceProgram
    /// The session whose sandbox it runs in; empty for a sandbox of its own.
    package var session: String
    package var inputs: [WorkspaceInput]
    /// Where its files are stored.
    package var place: StorePlace
    /// The user whose files they will be; nil if it is not known.
    package var user: String?
    package var store: any FileStore

    package init(
        _ program: WorkspaceProgram, session: String = "", inputs: [WorkspaceInput] = [], storingAt place: StorePlace,
        for user: String? = nil, in store: any FileStore
    ) {
        self.program = program
        self.session = session
        self.inputs = inputs
        self.place = place
        self.user = user
        self.store = store
    }

    /// - Throws: ``InterpreterError``, `E2BError`, ``LockTimeout``, `CancellationError`, if the program has not begun.
    package func perform(_ call: ActionCall) async throws -> RunInWorkspaceResult {
        var inputs = inputs
        let namesakes = inputs.removeNamesakes()
        var isNew = false
        if program.isTrivial, inputs.isEmpty {
            // This is how callers have a sandbox made before it is needed. Without a session there is nothing to keep it for.
            if !session.isEmpty { try await call.inSandbox(of: session, making: { isNew = true }) { _ in } }
            return RunInWorkspaceResult(ProgramEnd(), isNewSandbox: isNew)
        }
        var visit = try await call.inSandbox(
            of: session, taking: program.timeLimit, making: { isNew = true }
        ) { sandbox in
            try await self.visit(sandbox, inputs, call)
        }
        // The sandbox may be gone by now, and pictures need none.
        await E2BClient.$deadline.withValue(call.deadline.end) { await visit.outputs.store(visit.end.figures) }
        var result = RunInWorkspaceResult(visit.end, isNewSandbox: isNew)
        result.stderr = result.stderr.appendingLines(namesakes + visit.notes + visit.outputs.notes)
        result.files = visit.outputs.files
        result.deleted = visit.deleted
        result.skipped = visit.outputs.skipped
        (result.attempted, result.failed) = (visit.outputs.attempted, visit.outputs.failed)
        result.report = visit.report
        return result
    }

    /// What came of the time in the sandbox.
    private struct Visit {
        var end: ProgramEnd
        var outputs: WorkspaceOutputs
        var deleted: [WorkspaceName]
        var notes: [String]
        var report: [UInt8]?
    }

    private func visit(_ sandbox: Sandbox, _ inputs: [WorkspaceInput], _ call: ActionCall) async throws -> Visit {
        var notes: [String] = []
        if !inputs.isEmpty {
            try await call.makeWorkspace(in: sandbox)
            notes = try await call.fillWorkspace(with: inputs, of: store, in: sandbox)
        }
        let names = inputs.map(\.name)
        // In a sandbox of its own that has got no files, the program's files are those that have changed since it began, and one
        // call less is needed.
        let isBare = session.isEmpty && inputs.isEmpty && program.language.tellsTime
        let before =
            isBare
            ? .empty : try await call.listWorkspace(isFirst: inputs.isEmpty, naming: names, in: sandbox)
        try await program.companion?.write(in: sandbox, call)
        let end = try await program.run(in: sandbox, isOwn: session.isEmpty, call)
        // What follows the work has a time of its own.
        return try await E2BClient.$deadline.withValue(call.deadline.end) {
            let report = try await program.companion?.takeReport(
                after: end, in: sandbox, isOwn: session.isEmpty, call)
            if let report {
                // Its files are those that it leaves behind when it is run for the last time.
                let changes = WorkspaceChanges(from: .missing, to: .missing, inputs: [])
                let outputs = WorkspaceOutputs(changes, .missing, inputs: [], to: place, for: user, of: store, call)
                return Visit(end: end, outputs: outputs, deleted: [], notes: notes, report: report)
            }
            var after = WorkspaceListing.missing
            do {
                // Where it has not begun, there is nothing of its.
                if !isBare || end.began != nil {
                    after = try await call.listWorkspace(
                        isFirst: false, naming: names, since: isBare ? end.began : nil, in: sandbox)
                }
            } catch let error as E2BError {
                guard error != .cancelled else { throw error }
                notes.append("The files that the program may have made could not be looked at. \(error)")
            }
            let changes = WorkspaceChanges(from: before, to: after, inputs: inputs)
            var outputs = WorkspaceOutputs(changes, after, inputs: inputs, to: place, for: user, of: store, call)
            await outputs.copy(changes.outputs, after, beside: end.figures.count, in: sandbox)
            guard !Task.isCancelled else { throw CancellationError() }
            return Visit(end: end, outputs: outputs, deleted: changes.deleted, notes: notes)
        }
    }
}

package struct RunInWorkspaceResult: Sendable {
    package let stdout: String
    package fileprivate(set) var stderr: String
    /// nil: it was stopped.
    package let exitCode: Int?
    package let signal: String?
    package let limit: ProgramLimit?
    /// Why it did not succeed, for the log: nothing that it printed or threw.
    package let problem: String?
    /// Those that it has made, and inputs that are as they were.
    package fileprivate(set) var files: [OutputFile] = []
    /// Inputs that it has removed, as far as that is known.
    package fileprivate(set) var deleted: [WorkspaceName] = []
    /// Files that it has made and that are not handed over.
    package fileprivate(set) var skipped = SkippedFiles()
    /// Files that were to be stored, and those of them that could not be.
    package fileprivate(set) var attempted = 0
    package fileprivate(set) var failed = 0
    package let isNewSandbox: Bool
    /// What the program has reported, so that it is run again: see ``ProgramCompanion``.
    package fileprivate(set) var report: [UInt8]?

    fileprivate init(_ end: ProgramEnd, isNewSandbox: Bool) {
        (stdout, stderr) = (end.stdout, "".appendingLines(end.stderr))
        (exitCode, signal, limit, problem) = (end.exitCode, end.signal, end.limit, end.problem)
        self.isNewSandbox = isNewSandbox
    }
}

extension String {
    /// Each of the texts that are not empty begins a line.
    fileprivate func appendingLines(_ texts: [String]) -> String {
        texts.reduce(into: self) { whole, text in
            guard !text.isEmpty else { return }
            if !whole.isEmpty, !whole.hasSuffix("\n") { whole += "\n" }
            whole += text
        }
    }
}
