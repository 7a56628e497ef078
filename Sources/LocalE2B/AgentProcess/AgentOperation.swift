/// A request to the agent. It is encoded as one line: `{"id":7,"op":"execute",…}`.
protocol AgentOperation: Encodable, Sendable {
    static var op: String { get }
}

/// Adds `id` and `op` to an operation's own fields.
struct AgentRequest<Operation: AgentOperation>: Encodable {
    let id: Int
    let operation: Operation

    private enum Key: CodingKey { case id, op }

    func encode(to encoder: any Encoder) throws {
        var line = encoder.container(keyedBy: Key.self)
        try line.encode(id, forKey: .id)
        try line.encode(Operation.op, forKey: .op)
        try operation.encode(to: encoder)
    }
}

/// The process of an operation, by its number or by the tag with which it was started.
struct ProcessSelector: Codable, Equatable, Sendable {
    var pid: Int?
    var tag: String?
}

enum Operation {
    struct Initialize: AgentOperation {
        static let op = "init"
        let sandbox_id: String
        let template_id: String
        let envs: [String: String]
    }

    struct Execute: AgentOperation {
        static let op = "execute"
        let code: String
        let language: String?
        let context: String?
        let env_vars: [String: String]?
    }

    /// Interrupts an execution.
    struct Cancel: AgentOperation {
        static let op = "cancel"
        let target: Int
    }

    /// Stops the events of a process; the process goes on.
    struct Detach: AgentOperation {
        static let op = "detach"
        let target: Int
    }

    struct CreateContext: AgentOperation {
        static let op = "contexts_create"
        let language: String
        let cwd: String?
    }

    struct ListContexts: AgentOperation { static let op = "contexts_list" }

    struct RestartContext: AgentOperation {
        static let op = "contexts_restart"
        let context: String
    }

    struct DeleteContext: AgentOperation {
        static let op = "contexts_delete"
        let context: String
    }

    struct Start: AgentOperation {
        static let op = "start"
        let cmd: String
        let args: [String]
        let envs: [String: String]
        let cwd: String?
        let user: String?
        let stdin: Bool
        let pty: TerminalSize?
        let timeout_ms: Int?
        let tag: String?
    }

    struct Connect: AgentOperation {
        static let op = "connect"
        let pid: Int?
        let tag: String?
    }

    struct ListProcesses: AgentOperation { static let op = "list" }

    struct Signal: AgentOperation {
        static let op = "signal"
        let pid: Int?
        let tag: String?
        let signal: Int
    }

    /// Kills processes of the sandbox, no matter which request has started them.
    struct Kill: AgentOperation {
        static let op = "kill"
        let pids: [Int]
    }

    struct Input: AgentOperation {
        static let op = "input"
        let pid: Int?
        let tag: String?
        let stdin: String?
        let pty: String?
    }

    struct CloseStdin: AgentOperation {
        static let op = "close_stdin"
        let pid: Int?
        let tag: String?
    }

    struct Resize: AgentOperation {
        static let op = "resize"
        let pid: Int?
        let tag: String?
        let cols: Int
        let rows: Int
    }

    struct Stat: AgentOperation {
        static let op = "stat"
        let path: String
        let user: String?
    }

    struct ListDirectory: AgentOperation {
        static let op = "list_dir"
        let path: String
        let depth: Int
        let user: String?
    }

    struct MakeDirectory: AgentOperation {
        static let op = "make_dir"
        let path: String
        let user: String?
    }

    struct Move: AgentOperation {
        static let op = "move"
        let source: String
        let destination: String
        let user: String?
    }

    struct Remove: AgentOperation {
        static let op = "remove"
        let path: String
        let user: String?
    }

    struct ReadFile: AgentOperation {
        static let op = "read_file"
        let path: String
        let user: String?
    }

    struct WriteFile: AgentOperation {
        static let op = "write_file"
        let path: String
        let user: String?
    }

    struct WriteChunk: AgentOperation {
        static let op = "write_chunk"
        let target: Int
        let data: String
    }

    struct WriteEnd: AgentOperation {
        static let op = "write_end"
        let target: Int
    }

    /// Connects to a port of the sandbox. It is answered with a result, then with data as it arrives, and at last with
    /// the end.
    struct Dial: AgentOperation {
        static let op = "dial"
        let port: Int
    }

    /// Writes to the port. It is answered when the port has taken the data.
    struct DialWrite: AgentOperation {
        static let op = "dial_write"
        let target: Int
        /// Base64.
        let data: String
    }

    /// Closes the writing side. The port may still send.
    struct DialEnd: AgentOperation {
        static let op = "dial_end"
        let target: Int
    }

    /// Tells the agent that the client has taken so many more bytes.
    struct DialTaken: AgentOperation {
        static let op = "dial_taken"
        let target: Int
        let count: Int
    }

    struct HangUp: AgentOperation {
        static let op = "hang_up"
        let target: Int
    }
}

struct TerminalSize: Codable, Equatable, Sendable {
    var cols: Int
    var rows: Int

    private enum CodingKeys: CodingKey { case cols, rows }

    init(cols: Int, rows: Int) {
        self.cols = cols
        self.rows = rows
    }

    /// Decodes `{"size":{"cols":80,"rows":24}}`, or the size alone.
    init(from decoder: any Decoder) throws {
        enum Outer: CodingKey { case size }
        let outer = try decoder.container(keyedBy: Outer.self)
        let size =
            try outer.contains(.size)
            ? outer.nestedContainer(keyedBy: CodingKeys.self, forKey: .size)
            : decoder.container(keyedBy: CodingKeys.self)
        cols = try size.decodeIfPresent(Int.self, forKey: .cols) ?? 80
        rows = try size.decodeIfPresent(Int.self, forKey: .rows) ?? 24
    }
}
