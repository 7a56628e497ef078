import E2B
import LibreChat

/// One action of `POST /e2bcode`: what it takes, what help says of it, and what it does.
struct Action: Sendable {
    let name: String
    /// For the model: one sentence.
    let purpose: String
    let required: [Parameter]
    let optional: [Parameter]
    /// A request's members besides `action` and `sessionId`, as JSON.
    let example: String
    let perform: @Sendable (ActionCall) async throws -> ActionOutcome

    init(
        _ name: String, _ purpose: String, required: [Parameter] = [], optional: [Parameter] = [],
        example: String = "", perform: @escaping @Sendable (ActionCall) async throws -> ActionOutcome
    ) {
        self.name = name
        self.purpose = purpose
        self.required = required
        self.optional = optional
        self.example = example
        self.perform = perform
    }

    static func named(_ name: String) -> Action? { byName[name] }

    private static let byName = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })
}

/// What an action answers with.
///
/// A `problem` says for the log why what ran in the sandbox did not succeed: nothing of what it printed or threw.
enum ActionOutcome: Sendable {
    case reply(ActionReply, problem: String? = nil)
    /// The two-element content of `POST /execute`, where it was asked for.
    case content(ToolContent, problem: String? = nil)

    var problem: String? {
        switch self {
        case .reply(_, let problem), .content(_, let problem): problem
        }
    }
}

extension Action {
    /// All of them, in the order in which help lists them.
    static let all: [Action] = [
        Action(
            "help", "List the actions, or explain one.", optional: [.commandName],
            example: #""command_name": "execute""#
        ) { try $0.help() },
        Action(
            "create", "Create the session's sandbox. The first thing to do.", required: [.sessionID],
            optional: [.timeout, .envs, .template], example: #""timeout": 60, "envs": {"MY_VAR": "my_value"}"#
        ) { try await $0.create() },
        Action("list_sandboxes", "List your sandboxes.") { try await $0.listSandboxes() },
        Action(
            "set_timeout", "Have the sandbox end this many minutes from now.", required: [.sessionID, .timeout],
            example: #""timeout": 120"#
        ) { try await $0.setTimeout() },
        Action(
            "kill", "End the sandbox, and all that is in it.", optional: [.sessionID, .sandboxID]
        ) { try await $0.kill() },
        Action(
            "execute", "Run code. Variables and imports stay for the next call.", required: [.sessionID, .code],
            optional: [.language, .envs, .timeoutMs, .format], example: #""code": "print(6 * 7)""#
        ) { try await $0.execute() },
        Action(
            "shell", "Run a shell command.", required: [.sessionID, .command],
            optional: [.background, .envs, .cwd, .user, .timeoutMs], example: #""command": "ls -la""#
        ) { try await $0.shell() },
        Action(
            "kill_command", "End a background command of `shell`.", required: [.sessionID, .commandID],
            example: #""commandId": "1234""#
        ) { try await $0.killCommand() },
        Action(
            "write_file", "Write a file.", required: [.sessionID, .filePath, .fileContent], optional: [.encoding],
            example: #""filePath": "/home/user/test.txt", "fileContent": "Hello, world!""#
        ) { try await $0.writeFile() },
        Action(
            "read_file", "Read a file.", required: [.sessionID, .filePath], optional: [.encoding],
            example: #""filePath": "/home/user/test.txt""#
        ) { try await $0.readFile() },
        Action(
            "install", "Install packages with pip or npm.", required: [.sessionID],
            optional: [.code, .packages, .packageLanguage, .envs], example: #""packages": ["requests"]"#
        ) { try await $0.install() },
        Action(
            "get_file_downloadurl", "Get a link to a file that works without a key.",
            required: [.sessionID, .filePath], optional: [.expiresIn], example: #""filePath": "/home/user/output.txt""#
        ) { try await $0.getFileDownloadURL() },
        Action(
            "get_host", "Get the address at which a server in the sandbox is reached.",
            required: [.sessionID, .port], example: #""port": 8080"#
        ) { try await $0.getHost() },
        Action("list_templates", "List what sandboxes can be made of.") { $0.listTemplates() },
        Action(
            "command_run", "Run a shell command; like `shell`, with stdout and stderr apart.",
            required: [.sessionID, .cmd], optional: [.background, .cwd, .user, .timeoutMs, .envs],
            example: #""cmd": "python3 --version""#
        ) { try await $0.commandRun() },
        Action(
            "start_server", "Start a server in the background and wait until its port answers.",
            required: [.sessionID, .cmd, .port, .logFile], optional: [.cwd, .user, .envs],
            example: #""cmd": "python3 -m http.server 8080", "port": 8080, "logFile": "/home/user/server.log""#
        ) { try await $0.startServer() },
        Action("command_list", "List the commands that run.", required: [.sessionID]) { try await $0.commandList() },
        Action(
            "command_kill", "End a command by its process id.", required: [.sessionID, .pid],
            example: #""pid": 1234"#
        ) { try await $0.commandKill() },
        Action(
            "processinfo", "Show one running command.", required: [.sessionID, .pid], example: #""pid": 1234"#
        ) { try await $0.processInfo() },
        Action(
            "system_install", "Install Debian packages with apt-get, as root.", required: [.sessionID, .packages],
            optional: [.envs], example: #""packages": ["ffmpeg"]"#
        ) { try await $0.systemInstall() },
    ]
}
