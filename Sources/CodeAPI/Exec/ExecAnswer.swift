package import Interpreter
package import Store
internal import JSON
internal import System

/// The answer of `POST /v1/exec`. What was renamed has both names, and what a program did wrong is in `stderr`: of a status other
/// than 200 the model sees nothing.
package struct ExecAnswer: Sendable {
    /// The sandbox that a run shares with others.
    package struct SharedSandbox: Equatable, Sendable {
        package let id: String
        package let isNew: Bool

        package init(id: String, isNew: Bool) {
            self.id = id
            self.isNew = isNew
        }
    }

    private let session: StoreSessionID
    private let stdout: String
    private let stderr: String
    private var result: RunInWorkspaceResult?
    private var sandbox: SharedSandbox?
    private var wallTime: Duration = .zero
    private var isOfCallingProgram = false

    /// - Parameter session: where the files of the run are.
    package init(
        _ result: RunInWorkspaceResult, in session: StoreSessionID, notes: [String] = [], sandbox: SharedSandbox?,
        wallTime: Duration
    ) {
        self.session = session
        self.result = result
        self.sandbox = sandbox
        self.wallTime = wallTime
        stdout = result.stdout
        let separator = result.stderr.isEmpty || result.stderr.hasSuffix("\n") ? "" : "\n"
        stderr = notes.isEmpty ? result.stderr : result.stderr + separator + notes.joined(separator: "\n")
    }

    /// The same answer as the last one to a program that called tools: its status is a word of that endpoint.
    package var ofCallingProgram: ExecAnswer {
        var answer = self
        answer.isOfCallingProgram = true
        return answer
    }

    /// Of a program that was not run.
    package init(_ unfit: UnfitProgram, in session: StoreSessionID) {
        self.session = session
        stdout = ""
        stderr = "\(unfit.sentence)\n[exit status 1]"
    }

    package func encoded(without secrets: SecretRedactor) -> [UInt8] {
        var json = JSONWriter(capacity: 512 + stdout.utf8.count + stderr.utf8.count)
        json.member("session_id", session.text)
        json.member("storage_session_id", session.text)
        json.member("stdout", stdout)
        json.member("stderr", secrets.redacted(stderr))
        json.array("files") { json in
            for file in result?.files ?? [] { json.object { $0.members(of: file) } }
        }
        if let result { outcome(of: result, &json) }
        json.member("code", result.map { $0.exitCode.map { .number($0) } ?? .null } ?? .number(1))
        json.member("signal", result?.signal.map { .text($0) } ?? .null)
        if isOfCallingProgram {
            let error = result.flatMap(ProgrammaticAnswer.error)
            json.member("status", error == nil ? "completed" : "error")
            if let error { json.member("error", error) }
        } else {
            json.member("status", result?.statusWord.map { .text($0) } ?? .null)
        }
        json.member("message", .null)
        json.member("wall_time", Int(wallTime / .milliseconds(1)))
        if let sandbox {
            json.member("runtime_session_id", sandbox.id)
            json.member("runtime_status", sandbox.isNew ? "new" : "reused")
        }
        return json.finish()
    }

    private func outcome(of result: RunInWorkspaceResult, _ json: inout JSONWriter) {
        if !result.deleted.isEmpty { json.member("deleted_files", result.deleted.map(\.text)) }
        if result.failed > 0 {
            json.member("artifact_delivery") { json in
                json.member("code", "artifact_delivery_failed")
                json.member("status", result.failed < result.attempted ? "partial" : "failed")
                json.member("attempted", result.attempted)
                json.member("delivered", result.attempted - result.failed)
                json.member("failed", result.failed)
            }
        }
        let skipped = result.skipped
        guard skipped.count > 0 else { return }
        json.member("artifact_truncation") { json in
            json.member("code", "artifact_truncated")
            json.member("reasons") { json in
                for reason in SkippedFiles.Reason.allCases {
                    if let count = skipped.counts[reason] { json.member(reason.rawValue, count) }
                }
            }
            json.member("skipped", skipped.names.map(\.text))
            json.member("skipped_count", skipped.count)
        }
    }
}

extension RunInWorkspaceResult {
    /// The word of the reference server's engine, by which callers tell one end from another.
    fileprivate var statusWord: String? {
        switch limit {
        case .time: return "TO"
        case .output: return "OL"
        case nil: break
        }
        if signal != nil { return "SG" }
        return exitCode == 0 ? nil : "RE"
    }
}

extension JSONWriter {
    fileprivate mutating func members(of output: OutputFile) {
        member("id", output.file.id.text)
        member("name", output.name.text)
        member("storage_session_id", output.file.session.text)
        member("session_id", output.file.session.text)
        if output.isInherited { member("inherited", true) }
        guard let origin = output.origin else { return }
        member("modified_from") { json in
            json.member("id", origin.id.text)
            json.member("storage_session_id", origin.session.text)
        }
    }
}
