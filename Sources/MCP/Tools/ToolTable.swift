import E2B
import FoundationEssentials
import ImageGate
import Interpreter
import JSON

/// The tools, in the order in which they are listed.
package struct ToolTable: Sendable {
    let definitions: [ToolDefinition]
    private let byName: [String: ToolDefinition]

    /// The names of all tools.
    package static let names = all(TemplateContent()).map(\.name)

    /// - Parameters:
    ///   - names: the tools that are offered; nil for all.
    ///   - template: what the sandboxes have.
    package init(offering names: Set<String>? = nil, template: TemplateContent = TemplateContent()) {
        definitions = Self.all(template).filter { names?.contains($0.name) ?? true }
        byName = Dictionary(uniqueKeysWithValues: definitions.map { ($0.name, $0) })
    }

    private static func all(_ template: TemplateContent) -> [ToolDefinition] {
        [
            .runCode(template), .shell, .writeFile, .readFile, .listFiles, .install, .startServer, .stop, .shareFile,
            .endSession,
        ]
    }

    func definition(_ name: String) -> ToolDefinition? { byName[name] }
}

extension Parameter<String> {
    fileprivate static let code = Self("code", "The complete program. Python may `await` at top level.")
    fileprivate static let command = Self("command", alias: "cmd", "Command line for bash.")
    fileprivate static let content = Self("content", "What the file is to hold.")
    fileprivate static let encoding = Self("encoding", "Of content. Default utf-8.", .choice(["utf-8", "base64"]))
    fileprivate static let packageLanguage = Self(
        "language", "Whose packages. Default python.", .choice(["python", "javascript", "debian"]))
}

extension Parameter<Language> {
    fileprivate static func language(_ template: TemplateContent) -> Self {
        Self(
            "language", "Default \(template.standardLanguage.rawValue).", .choice(template.choices.map(\.rawValue)))
    }
}

extension Parameter<Double> {
    fileprivate static let timeout = Self("timeout", "Seconds that it may take. Default 50.", .number(1...86_400))
}

extension Parameter<Bool> {
    fileprivate static let background = Self("background", "Whether to return at once. Default false.")
}

extension Parameter<[String]> {
    fileprivate static let packages = Self("packages", "Names of packages.")
}

extension Parameter<SandboxPath> {
    fileprivate static let path = Self("path", "Path in the sandbox, such as /home/user/data.csv.")
}

extension Parameter<Int> {
    fileprivate static let port = Self("port", "Port that the server listens on.", .integer(1...65_535))
    fileprivate static let commandID = Self(
        "command_id", "What a background command answered with.", .integer(1...Int(Int32.max)))
}

extension ToolDefinition {
    /// Below the 60 seconds after which LibreChat gives a call up if its operator says nothing else.
    private static let standardTimeout = Duration.seconds(50)

    private static func limit(_ seconds: Double?) -> Duration { seconds.map { .seconds($0) } ?? standardTimeout }

    static func runCode(_ template: TemplateContent) -> ToolDefinition {
        ToolDefinition(
            "run_code", "Run code",
            """
            Run a program in a Linux sandbox and get its output, its results and its plots; variables and files stay for the next \
            call of the conversation. \(template.sentence)
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
        "Run a shell command in the sandbox. With `background` it goes on by itself, and `stop` ends it.",
        Hints(isOpenWorld: true), required(.command), optional(.background), optional(.timeout)
    ) { command, isBackground, seconds in
        { session in
            guard isBackground == true else {
                let action = RunCommand(session: session, command: command, timeLimit: limit(seconds))
                return PreparedTool(action) { $0.toolResult }
            }
            return PreparedTool(StartCommand(session: session, command: command)) { pid in
                ToolResult("The command runs in the background. Its command_id is \(pid).")
            }
        }
    }

    static let writeFile = ToolDefinition(
        "write_file", "Write a file", "Write a file in the sandbox, in the place of one that is there.",
        Hints(isDestructive: true, isIdempotent: true), required(.path), required(.content), optional(.encoding)
    ) { path, content, encoding throws(ArgumentError) in
        var bytes = Array(content.utf8)
        if encoding == "base64" {
            let count = bytes.withUnsafeMutableBytes { Base64.decode(UnsafeRawBufferPointer($0), over: $0) }
            guard let count else { throw ArgumentError("`content` must be base64, as `encoding` says.") }
            bytes.removeLast(bytes.count - count)
        }
        return { [bytes] session in
            PreparedTool(WriteFile(session: session, path: path, content: bytes)) { count in
                ToolResult("\(count) bytes were written to \(path.text).")
            }
        }
    }

    static let readFile = ToolDefinition(
        "read_file", "Read a file", "Read a file of the sandbox. A picture is shown as one.",
        Hints(isReadOnly: true), required(.path)
    ) { path in
        { session in
            PreparedTool(ReadFile(session: session, path: path, wantsPictures: true)) { result in
                switch result.content {
                case .text(let text): ToolResult(text)
                case .bytes: ToolResult("\(path.text) is not text: it has \(result.size) bytes. Use share_file.")
                case .picture(let image):
                    ToolResult(
                        "\(path.text), \(image.width)×\(image.height)"
                            + (result.link.map { ": \($0.url) (until \($0.endsAt.written))" } ?? ""),
                        images: result.isPictureShown ? [image] : [])
                case .rejected(let why):
                    ToolResult("\(path.text) is no picture that can be shown: \(why). Use share_file.", isError: true)
                }
            }
        }
    }

    static let listFiles = ToolDefinition(
        "list_files", "List files", "List a directory of the sandbox.", Hints(isReadOnly: true), optional(.path)
    ) { path in
        let path = path ?? .home
        return { session in
            PreparedTool(ListFiles(session: session, path: path)) { entries in
                ToolResult(entries.isEmpty ? "\(path.text) is empty." : entries.map(\.line).joined(separator: "\n"))
            }
        }
    }

    static let install = ToolDefinition(
        "install", "Install packages", "Install packages with pip, npm or apt-get.",
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
            PreparedTool(InstallPackages(session: session, packages: names, manager: manager)) { $0.toolResult }
        }
    }

    static let startServer = ToolDefinition(
        "start_server", "Start a server",
        "Start a server in the background, wait until its port answers, and get its public address.",
        Hints(isOpenWorld: true), required(.command), required(.port)
    ) { command, port in
        { session in
            let action = StartServer(session: session, command: command, port: port, logFile: .log(ofPort: port))
            return PreparedTool(action) { result in
                switch result.state {
                case .answers(let address):
                    return ToolResult("The server answers at \(address.url). Its command_id is \(result.pid).")
                case .ended(let log):
                    return ToolResult("The server ended before its port \(port) answered:\n\(log)", isError: true)
                case .isSilent(let log):
                    return ToolResult(
                        "The server runs (command_id \(result.pid)), but its port \(port) did not answer within 10 seconds:\n"
                            + log, isError: true)
                }
            }
        }
    }

    static let stop = ToolDefinition(
        "stop", "Stop a command", "End a background command or a server, with all that it started.",
        Hints(isDestructive: true, isIdempotent: true), required(.commandID)
    ) { id in
        { session in
            PreparedTool(KillCommand(session: session, pid: UInt32(id))) { wasRunning in
                ToolResult(wasRunning ? "Command \(id) has ended." : "Command \(id) is not running.")
            }
        }
    }

    static let shareFile = ToolDefinition(
        "share_file", "Share a file", "Get a link to a file that a browser can open, for an hour.",
        Hints(isReadOnly: true), required(.path)
    ) { path in
        { session in
            PreparedTool(LinkToFile(session: session, path: path, lifetime: .seconds(3600))) { link in
                ToolResult("\(link.url) (until \(link.endsAt.written))")
            }
        }
    }

    static let endSession = ToolDefinition(
        "end_session", "End the sandbox", "End the sandbox, with all its files. The next call gets a new one.",
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
        let parts = [text, ImageLinkText(imageLinks).text].filter { !$0.isEmpty }
        let isSilent = parts.isEmpty && record.images.isEmpty
        return ToolResult(
            isSilent ? "The code ran and printed nothing." : parts.joined(separator: "\n\n"), images: record.images,
            isError: record.failure != nil || record.stop != nil, problem: problem)
    }
}

extension RunCommandResult {
    fileprivate var toolResult: ToolResult {
        var parts: [String] = []
        if !stdout.isEmpty { parts.append(stdout) }
        if !stderr.isEmpty { parts.append("Errors:\n\(stderr)") }
        if let note { parts.append(note) }
        if let exitCode, exitCode != 0 { parts.append("Exit code \(exitCode).") }
        return ToolResult(
            parts.isEmpty ? "The command ended and printed nothing." : parts.joined(separator: "\n"),
            isError: exitCode != 0, problem: problem)
    }
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
