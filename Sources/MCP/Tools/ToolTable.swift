import E2B
import FoundationEssentials
import ImageGate
import Interpreter
import JSON

/// The tools, in the order in which they are listed.
package struct ToolTable: Sendable {
    let definitions: [ToolDefinition]
    /// The member `tools` of the result of `tools/list`.
    let list: JSONNode.Member
    /// The description of all tools together, for the model.
    let instructions: String
    private let byName: [String: ToolDefinition]
    private let names: Set<String>?
    private let template: TemplateContent

    /// The names of all tools.
    package static let names = all(TemplateContent(), .ofConversation).map(\.name)

    /// - Parameters:
    ///   - names: the tools that are offered; nil for all.
    ///   - template: the content of the sandboxes' template.
    package init(offering names: Set<String>? = nil, template: TemplateContent = TemplateContent()) {
        self.init(names, template, .ofConversation)
    }

    private init(_ names: Set<String>?, _ template: TemplateContent, _ sandbox: StandardSandbox) {
        self.names = names
        self.template = template
        definitions = Self.all(template, sandbox).filter { names?.contains($0.name) ?? true }
        byName = Dictionary(uniqueKeysWithValues: definitions.map { ($0.name, $0) })
        list = JSONNode.Member("tools", .list(definitions.map { $0.node(sandbox) }))
        instructions = sandbox.instructions
    }

    /// The same tools, with descriptions for models whose client names no conversation.
    var withoutConversations: ToolTable { ToolTable(names, template, .ofCall) }

    private static func all(_ template: TemplateContent, _ sandbox: StandardSandbox) -> [ToolDefinition] {
        [
            .runCode(template, sandbox), .shell, .writeFile, .readFile, .listFiles, .install, .startServer, .stop,
            .shareFile,
            .endSession,
        ]
    }

    func definition(_ name: String) -> ToolDefinition? { byName[name] }
}

extension Parameter<String> {
    fileprivate static let code = Self("code", "The complete program.")
    fileprivate static let command = Self("command", alias: "cmd", "Command line for bash.")
    fileprivate static let content = Self("content", "The file's whole content.")
    fileprivate static let encoding = Self(
        "encoding", "Encoding of `content`. Default utf-8.", .choice(["utf-8", "base64"]))
    fileprivate static let packageLanguage = Self(
        "language", "Language of the packages; debian is for programs and libraries of the system. Default python.",
        .choice(["python", "javascript", "debian"]))
}

extension Parameter<Language> {
    fileprivate static func language(_ template: TemplateContent) -> Self {
        Self(
            "language", "Default \(template.standardLanguage.rawValue).", .choice(template.choices.map(\.rawValue)))
    }
}

extension Parameter<Double> {
    fileprivate static let timeout = Self(
        "timeout", "Seconds after which it is stopped. Default 50.", .number(1...86_400))
}

extension Parameter<Bool> {
    fileprivate static let background = Self("background", "Whether to return at once. Default false.")
}

extension Parameter<[String]> {
    fileprivate static let packages = Self("packages", "Names of packages, such as [\"seaborn\"].")
}

extension Parameter<SandboxPath> {
    fileprivate static let path = Self("path", "Path in the sandbox, such as /home/user/data.csv.")
}

extension Parameter<Int> {
    fileprivate static let port = Self("port", "Port that the server listens on.", .integer(1...65_535))
    fileprivate static let commandID = Self(
        "command_id", "The command_id that `shell` or `start_server` answered with.", .integer(1...Int(Int32.max)))
}

extension ToolDefinition {
    /// The time limit of a call that names none. It is shorter than the 60 seconds after which LibreChat gives a call
    /// up by default.
    private static let standardTimeout = Duration.seconds(50)

    private static func limit(_ seconds: Double?) -> Duration { seconds.map { .seconds($0) } ?? standardTimeout }

    static func runCode(_ template: TemplateContent, _ sandbox: StandardSandbox) -> ToolDefinition {
        ToolDefinition(
            "run_code", "Run code",
            """
            Run a program in a Linux sandbox and get what it prints, its last value and its plots as images; variables and files \
            stay for \(sandbox.laterCalls). \(template.sentence)
            """, Hints(isOpenWorld: true), required(.code), optional(.language(template)), optional(.timeout)
        ) { code, language, seconds throws(ArgumentError) in
            let (code, own) = try code.program(in: language, standard: template.standardLanguage)
            guard !code.isBlank else { throw ArgumentError("`code` is blank: it is the program to run.") }
            guard template.choices.contains(own) else {
                let names = template.choices.map(\.rawValue).joined(separator: ", ")
                throw ArgumentError("`language` must be one of \(names): the sandbox has no other.")
            }
            return { session in
                let action = RunCode(
                    session: session, code: code, language: own, timeLimit: limit(seconds), keeping: .answer)
                return PreparedTool(action) { $0.toolResult }
            }
        }
    }

    static let shell = ToolDefinition(
        "shell", "Run a command",
        """
        Run a bash command line in the sandbox and get its output and exit code. With `background` it answers at once with a \
        command_id for `stop`, and the command goes on.
        """,
        Hints(isOpenWorld: true), required(.command), optional(.background), optional(.timeout)
    ) { command, isBackground, seconds in
        { session in
            guard isBackground == true else {
                let action = RunCommand(session: session, command: command, timeLimit: limit(seconds))
                return PreparedTool(action) { $0.toolResult }
            }
            return PreparedTool(StartCommand(session: session, command: command), isForLaterCalls: true) { pid in
                ToolResult("The command runs in the background. Its command_id is \(pid).")
            }
        }
    }

    static let writeFile = ToolDefinition(
        "write_file", "Write a file",
        "Write a whole file into the sandbox, over one that is there; missing directories are made. Bytes go in base64.",
        Hints(isDestructive: true, isIdempotent: true), required(.path), required(.content), optional(.encoding)
    ) { path, content, encoding throws(ArgumentError) in
        var bytes = Array(content.utf8)
        if encoding == "base64" {
            let count = bytes.withUnsafeMutableBytes { Base64.decode(UnsafeRawBufferPointer($0), over: $0) }
            guard let count else { throw ArgumentError("`content` must be base64, as `encoding` says.") }
            bytes.removeLast(bytes.count - count)
        }
        return { [bytes] session in
            PreparedTool(WriteFile(session: session, path: path, content: bytes), isForLaterCalls: true) { count in
                ToolResult("\(count) bytes were written to \(path.text).")
            }
        }
    }

    static let readFile = ToolDefinition(
        "read_file", "Read a file",
        "Read a text file of the sandbox, or show a picture of it (PNG, JPEG, GIF, WebP or SVG). For other files use share_file.",
        Hints(isReadOnly: true), required(.path)
    ) { path in
        { session in
            PreparedTool(ReadFile(session: session, path: path, wantsPictures: true)) { result in
                switch result.content {
                case .text(let text):
                    ToolResult(text.isBlank ? "\(path.text) has no visible text (\(result.size) bytes)." : text)
                case .bytes: ToolResult("\(path.text) is not text: it has \(result.size) bytes. Use share_file.")
                case .picture(let image):
                    ToolResult(
                        "\(path.text), \(image.width)×\(image.height)"
                            + (result.link.map { ": \($0.sentence)" } ?? ""),
                        images: result.isPictureShown ? [image] : [])
                case .rejected(let why):
                    ToolResult("\(path.text) is no picture that can be shown: \(why). Use share_file.", isError: true)
                }
            }
        }
    }

    static let listFiles = ToolDefinition(
        "list_files", "List files",
        "List one directory of the sandbox, /home/user by default: names, sizes and times. Names of directories end in /.",
        Hints(isReadOnly: true), optional(.path)
    ) { path in
        let path = path ?? .home
        return { session in
            PreparedTool(ListFiles(session: session, path: path)) { entries in
                ToolResult(entries.isEmpty ? "\(path.text) is empty." : entries.map(\.line).joined(separator: "\n"))
            }
        }
    }

    static let install = ToolDefinition(
        "install", "Install packages",
        "Install packages that the sandbox lacks, with pip, npm or apt-get. They stay as long as the sandbox.",
        Hints(isIdempotent: true, isOpenWorld: true), required(.packages), optional(.packageLanguage)
    ) { packages, language throws(ArgumentError) in
        var names: [PackageName] = []
        for text in PackageName.texts(packages).prefix(101) {
            guard let name = PackageName(text) else {
                throw ArgumentError("`packages` has what is not a package's name: it may not begin with '-'.")
            }
            names.append(name)
        }
        guard (1...100).contains(names.count) else { throw ArgumentError("`packages` must be 1 to 100 names.") }
        let manager: InstallPackages.Manager =
            switch language ?? "python" {
            case "javascript": .npm
            case "debian": .apt
            default: .pip
            }
        return { [names] session in
            let action = InstallPackages(session: session, packages: names, manager: manager)
            return PreparedTool(action, isForLaterCalls: true) { $0.toolResult }
        }
    }

    static let startServer = ToolDefinition(
        "start_server", "Start a server",
        """
        Start a server in the background, wait until its port answers, and get an address that the user can open. It works until \
        `stop`, or as long as the sandbox.
        """,
        Hints(isOpenWorld: true), required(.command), required(.port)
    ) { command, port in
        { session in
            let action = StartServer(session: session, command: command, port: port, logFile: .log(ofPort: port))
            return PreparedTool(action, isForLaterCalls: true) { result in
                switch result.state {
                case .answers(let address):
                    return ToolResult("The server answers at \(address.url). Its command_id is \(result.pid).")
                case .ended(let log):
                    return ToolResult(
                        "The server ended before its port \(port) answered\(log.afterColon)", isError: true)
                case .isSilent(let log):
                    return ToolResult(
                        "The server runs (command_id \(result.pid)), but its port \(port) did not answer within 10 seconds"
                            + log.afterColon, isError: true)
                }
            }
        }
    }

    static let stop = ToolDefinition(
        "stop", "Stop a command",
        "End a background command of `shell` or a server of `start_server`, with all that it started.",
        Hints(isDestructive: true, isIdempotent: true), required(.commandID)
    ) { id in
        { session in
            PreparedTool(KillCommand(session: session, pid: UInt32(id))) { wasRunning in
                ToolResult(wasRunning ? "Command \(id) has ended." : "Command \(id) is not running.")
            }
        }
    }

    static let shareFile = ToolDefinition(
        "share_file", "Share a file",
        "Get a link by which the user can download a file of the sandbox. \(LinkToFileResult.lifetimeSentence)",
        Hints(isReadOnly: true), required(.path)
    ) { path in
        { session in
            let action = LinkToFile(session: session, path: path, lifetime: LinkToFileResult.lifetime)
            return PreparedTool(action, isForLaterCalls: true) { ToolResult($0.sentence) }
        }
    }

    static let endSession = ToolDefinition(
        "end_session", "End the sandbox",
        "End the sandbox and delete all that is in it, to start afresh. The next call gets a new one.",
        Hints(isDestructive: true, isIdempotent: true)
    ) {
        { session in
            PreparedTool(KillSandbox(.session(session))) { killed in
                ToolResult(killed == nil ? "There was no sandbox." : "The sandbox has ended.")
            }
        }
    }
}

extension RunCodeResult {
    fileprivate var toolResult: ToolResult {
        let text = ExecutionMarkdown(record, limit: textLimit, without: secrets).rendered()
            .withoutLoginWords(in: record.stop?.sentence)
        let shown = [text, ImageLinkText(imageLinks).text].paragraphs
        return ToolResult(
            shown.isEmpty && record.images.isEmpty ? "The code ran and printed nothing." : shown, images: record.images,
            isError: record.failure != nil || record.stop != nil, problem: problem)
    }
}

extension RunCommandResult {
    fileprivate var toolResult: ToolResult {
        var parts: [String] = []
        if !stdout.isBlank { parts.append(stdout) }
        if !stderr.isBlank { parts.append("Errors:\n\(stderr)") }
        if let note { parts.append(note) }
        if let exitCode, exitCode != 0 { parts.append("Exit code \(exitCode).") }
        return ToolResult(
            parts.isEmpty ? "The command ended and printed nothing." : parts.joined(separator: "\n"),
            isError: exitCode != 0, problem: problem)
    }
}

extension String {
    /// The log of a server, as the end of a sentence.
    fileprivate var afterColon: String { isBlank ? ", and it printed nothing." : ":\n\(self)" }
}

extension FileEntry {
    /// `report.csv  1234 bytes  2026-11-27T09:30:00Z`
    fileprivate var line: String {
        let time = modifiedAt.map { "  \($0.written)" } ?? ""
        return kind == .directory ? "\(name)/\(time)" : "\(name)  \(size) bytes\(time)"
    }
}

extension SandboxPath {
    fileprivate static let home = SandboxPath(known: "/home/user")
    fileprivate static func log(ofPort port: Int) -> SandboxPath { SandboxPath("/tmp/server-\(port).log") ?? home }
}
