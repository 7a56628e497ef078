package import Interpreter
import JSON

/// The failure of an action, with one sentence that tells the model what to do.
package struct ActionFailure: Error, Equatable {
    /// The HTTP status. It is 200 if the request was understood, because LibreChat hides the body of any other status
    /// from the model.
    package var status = 200
    package var sentence: String
    /// The sentence for the log, if ``sentence`` repeats text of the caller, which may be code.
    package var logged: String?
    package var sessionID: String
    /// The time after which another attempt may succeed; nil if waiting does not help.
    package var retryAfter: Duration?
    /// Further members of the reply.
    var members: [JSONNode.Member] = []

    package init(_ sentence: String, logged: String? = nil, sessionID: String = "") {
        self.sentence = sentence
        self.logged = logged
        self.sessionID = sessionID
    }

    package init(_ error: InterpreterError, sessionID: String = "") {
        self.init(error.sentence, sessionID: sessionID)
    }

    package var reply: ActionReply { .failure(sessionID: sessionID, sentence, members.map { ($0.name, $0.value) }) }

    /// With sentences that the caller has to be told as well.
    package func telling(_ notes: [String]) -> ActionFailure {
        guard !notes.isEmpty else { return self }
        var failure = self
        failure.members.append(.init("notes", .list(notes.map { .text($0) })))
        return failure
    }
}

extension InterpreterError {
    /// The error and its remedy, in terms of the actions.
    fileprivate var sentence: String {
        switch self {
        case .noSession(let name):
            "No sandbox found for sessionId \(name). Please create one using the 'create' action."
        case .sessionEnded(let name, let due):
            "The sandbox of sessionId \(name) has ended: \(Self.end(due: due)). Please create another one using the 'create' "
                + "action."
        case .sessionUnused(let name, let days):
            "The sandbox of sessionId \(name) has ended: \(Self.end(unusedFor: days)). Please create another one using the "
                + "'create' action."
        case .notASandboxID: "`sandboxId` must be an id as `create` answered with."
        case .timeLimitTooLong(let maximum):
            "`timeoutMs` must be at most \(maximum.components.seconds * 1000). For what takes longer use `background`."
        case .unsafeVariable(let name):
            "`envs.\(name)` has a quote, a backslash or a line break, which would break every execution. Give it to "
                + "`execute` or `shell` instead."
        case .contentTooLarge(let limit): "`fileContent` must be at most \(limit) bytes."
        case .notWritable: "\(self) Choose another path, or look with `shell`."
        case .notReadable: "\(self) Look with `shell`."
        case .isDirectory(let path): "\(path) is a directory: pack it first, with `tar` in `shell` for example."
        case .fileTooLarge, .bytesNotShown: "\(self) Use `get_file_downloadurl`."
        case .holdsSecret: "\(self) Read it as text, where the value is masked, or make a file without it."
        case .portTaken:
            "\(self) `command_list` lists what runs: end it with `command_kill`, or choose another port."
        case .tooManySandboxes: "\(self) End one that is not needed any more with `kill`: `list_sandboxes` lists them."
        case .busy, .ownerBusy, .ownerQueueBusy, .cancelled, .shuttingDown, .noFile, .notShared: "\(self)"
        }
    }
}
