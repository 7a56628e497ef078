import E2B
import ImageGate

/// A program that runs in the workspace, in a process or a kernel of its own.
package struct WorkspaceProgram: Equatable, Sendable {
    package var code: String
    package var language: Language
    package var arguments: [String]
    package var timeLimit: Duration
    /// What it finds beside its workspace.
    package var companion: ProgramCompanion?

    package init(code: String, language: Language, arguments: [String] = [], timeLimit: Duration) {
        self.code = code.program
        self.language = language
        self.arguments = arguments
        self.timeLimit = timeLimit
    }

    /// - Parameter isOwn: whether the sandbox was made for this run, so that its default kernel has run nothing.
    /// - Throws: `E2BError` if the program has not begun. Later errors are part of the end: what was printed until then is worth more
    ///   than the error alone.
    func run(in sandbox: Sandbox, isOwn: Bool, _ call: ActionCall) async throws -> ProgramEnd {
        language == .bash
            ? try await runShell(in: sandbox, call) : try await runKernel(in: sandbox, isOwn: isOwn, call)
    }

    /// Nothing has to run for it.
    var isTrivial: Bool {
        language == .bash
            && ["", ":", "true", "exit 0"].contains(code.split(whereSeparator: \.isWhitespace).joined(separator: " "))
    }

    // MARK: - Kernels

    /// In a kernel, which shows figures and values as a notebook does.
    private func runKernel(in sandbox: Sandbox, isOwn: Bool, _ call: ActionCall) async throws -> ProgramEnd {
        if isOwn, language.canChangeDirectory {
            let execution = ExecutionRequest(code: code, in: language, timeout: timeLimit)
            return try await run(execution, in: sandbox, call)
        }
        let context: CodeContext
        do {
            context = try await call.client.createContext(language: language.rawValue, cwd: Workspace.path, in: sandbox)
        } catch E2BError.refused(.createContext, 500, let message) where message.isAboutMissingKernel {
            return .withoutKernel(for: language)
        }
        defer { call.delete(context, in: sandbox) }
        return try await run(
            ExecutionRequest(code: code, contextID: context.id, timeout: timeLimit), in: sandbox, call)
    }

    private func run(_ execution: ExecutionRequest, in sandbox: Sandbox, _ call: ActionCall) async throws -> ProgramEnd
    {
        let outcome = await call.services.runner.run(
            execution, after: language.workspacePreparation(arguments), for: call.owner, in: sandbox, by: call.deadline,
            holding: call.memory, keeping: .parts(bytes: ProgramEnd.outputLimit), images: .asFiles,
            language: language)
        if let failure = outcome.failure, !outcome.hasBegun || failure == .cancelled { throw failure }
        var end = ProgramEnd(outcome, call.secrets)
        // They are kept until they are stored.
        let count = end.figures.reduce(outcome.record.heldCount) { $0 + $1.bytes.count }
        if await !call.memory.grow(to: count) {
            end.figures = []
            end.stderr.append(
                "What it drew is not kept: \(ByteBudget.reason(isShareTaken: call.memory.isShareTaken))")
        }
        return end
    }

    // MARK: - Shell

    /// In a process: it has a status and two outputs, which a kernel for bash does not keep apart.
    private func runShell(in sandbox: Sandbox, _ call: ActionCall) async throws -> ProgramEnd {
        let limit = call.deadline.left(of: timeLimit)
        guard limit > .zero else {
            return ProgramEnd(stoppedAt: .time, "The code was not begun: \(call.deadline.reason). Try again.")
        }
        var command = ["-l", "-c", code, "main.sh"]
        if code.utf8.count > Self.longestArgument {
            let path = "/tmp/exec-\(call.id).sh"
            try await call.client.write(Array(code.utf8), to: path, in: sandbox)
            command = ["-l", path]
        }
        let process = call.marked(
            ProcessRequest(
                command: "/bin/bash", arguments: command + arguments, cwd: Workspace.path, timeout: limit))
        var stdout = CapturedOutput(limit: ProgramEnd.outputLimit)
        var stderr = stdout
        var hasBegun = false
        var end: ProgramEnd
        let run = MeasuredRun(Language.bash.rawValue, for: call.owner)
        do {
            let exit = try await call.client.run(process, in: sandbox) { event in
                switch event {
                case .started: hasBegun = true
                case .stdout(let bytes): stdout.append(bytes[...])
                case .stderr(let bytes): stderr.append(bytes[...])
                case .ended: break
                }
                guard await call.memory.grow(to: stdout.heldCount + stderr.heldCount) else {
                    throw E2BError.outOfMemory(.runProcess)
                }
            }
            end = ProgramEnd(exit)
            run.ended(exit)
        } catch {
            let error = error as? E2BError ?? .cancelled
            run.ended(error)
            guard hasBegun else { throw error }
            await call.killOrphans(in: sandbox)
            guard error != .cancelled else { throw error }
            end = ProgramEnd(error, limit, isShortened: limit < timeLimit, call)
        }
        // As the program wrote it, for a program of the caller's may read it: this is how it reads files.
        end.stdout = stdout.cleaned(call.secrets, keepsEscapes: true).rendered()
        end.stderr.insert(stderr.cleaned(call.secrets, keepsEscapes: true).rendered(), at: 0)
        return end
    }

    /// Bytes of one argument of a process: Linux has room for 128 KiB (execve(2)).
    private static let longestArgument = 100_000
}

extension ActionCall {
    /// Starts to delete the context, with what runs in it, and returns at once.
    fileprivate func delete(_ context: CodeContext, in sandbox: Sandbox) {
        let client = client
        // Independent of the request, which may be cancelled, and of its deadline. What fails leaves a kernel that does nothing.
        Task { await E2BClient.$deadline.withValue(nil) { try? await client.deleteContext(context.id, in: sandbox) } }
    }
}
