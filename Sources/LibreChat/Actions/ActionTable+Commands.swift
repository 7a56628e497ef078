import E2B
import Interpreter
import JSON

/// The actions for shell commands, servers and packages.
extension ActionDefinition {
    static let shell = ActionDefinition(
        "shell", "Run a shell command.", required(.sessionID), required(.command), optional(.background),
        optional(.envs), optional(.cwd), optional(.user), optional(.timeoutMs), example: #""command": "ls -la""#
    ) { session, command, background, envs, cwd, user, milliseconds in
        run(session, command, background, envs, cwd, user, milliseconds, named: ("output", "error"))
    }

    static let commandRun = ActionDefinition(
        "command_run", "Run a shell command; like `shell`, with stdout and stderr apart.", required(.sessionID),
        required(.cmd), optional(.background), optional(.cwd), optional(.user), optional(.timeoutMs), optional(.envs),
        example: #""cmd": "python3 --version""#
    ) { session, command, background, cwd, user, milliseconds, envs in
        run(session, command, background, envs, cwd, user, milliseconds, named: ("stdout", "stderr"))
    }

    private static func run(
        _ session: SessionName, _ command: String, _ isBackground: Bool?, _ envs: [String: String]?, _ cwd: String?,
        _ user: UnixUser?, _ milliseconds: Int?, named names: (output: String, error: String)
    ) -> PreparedAction {
        guard isBackground == true else {
            let action = RunCommand(
                session: session.text, command: command, variables: envs ?? [:], directory: cwd, user: user,
                timeLimit: milliseconds.map { .milliseconds($0) })
            return PreparedAction(action) { $0.answer(session, names.output, names.error) }
        }
        let action = StartCommand(
            session: session.text, command: command, variables: envs ?? [:], directory: cwd, user: user)
        return PreparedAction(action) { pid in
            .reply(
                ActionReply(
                    sessionID: session.text,
                    [("commandId", .text("\(pid)")), ("message", "Background command started with ID \(pid)")]))
        }
    }

    // MARK: - Commands that run

    static let commandList = ActionDefinition("command_list", "List the commands that run.", required(.sessionID)) {
        session in
        PreparedAction(ListCommands(session: session.text)) { processes in
            .reply(ActionReply(sessionID: session.text, [("processes", .list(processes.map(\.summary)))]))
        }
    }

    static let processInfo = ActionDefinition(
        "processinfo", "Show one running command.", required(.sessionID), required(.pid), example: #""pid": 1234"#
    ) { session, pid in
        PreparedAction(ShowCommand(session: session.text, pid: UInt32(pid))) { process in
            guard let process else { throw notRunning("Process with PID \(pid)") }
            return .reply(ActionReply(sessionID: session.text, [("process", process.summary)]))
        }
    }

    static let killCommand = ActionDefinition(
        "kill_command", "End a background command of `shell`.", required(.sessionID), required(.commandID),
        example: #""commandId": "1234""#
    ) { session, id in kill(session, id.pid, "Background command with ID \(id.pid)") }

    static let commandKill = ActionDefinition(
        "command_kill", "End a command by its process id.", required(.sessionID), required(.pid),
        example: #""pid": 1234"#
    ) { session, pid in kill(session, UInt32(pid), "Process with PID \(pid)") }

    private static func kill(_ session: SessionName, _ pid: UInt32, _ name: String) -> PreparedAction {
        PreparedAction(KillCommand(session: session.text, pid: pid)) { wasRunning in
            guard wasRunning else { throw notRunning(name) }
            return .reply(ActionReply(sessionID: session.text, [("message", "\(name) has been killed.")]))
        }
    }

    private static func notRunning(_ name: String) -> ActionFailure {
        ActionFailure("\(name) is not running. `command_list` lists what is.")
    }

    // MARK: - Servers

    static let getHost = ActionDefinition(
        "get_host", "Get the address at which a server in the sandbox is reached.", required(.sessionID),
        required(.port), example: #""port": 8080"#
    ) { session, port in
        PreparedAction(FindAddress(session: session.text, port: port)) { address in
            .reply(
                ActionReply(
                    sessionID: session.text,
                    [
                        ("host", .text(address.host)), ("url", .text(address.url)), ("port", .number(port)),
                        ("message", "Host+port retrieved for port \(port)"),
                    ]))
        }
    }

    static let startServer = ActionDefinition(
        "start_server", "Start a server in the background and wait until its port answers.", required(.sessionID),
        required(.cmd), required(.port), required(.logFile), optional(.cwd), optional(.user), optional(.envs),
        example: #""cmd": "python3 -m http.server 8080", "port": 8080, "logFile": "/home/user/server.log""#
    ) { session, command, port, logFile, cwd, user, envs in
        let action = StartServer(
            session: session.text, command: command, port: port, logFile: logFile, variables: envs ?? [:],
            directory: cwd, user: user)
        return PreparedAction(action) { result in
            let pid = result.pid
            func failure(_ reason: String, _ log: String) -> ActionFailure {
                var failure = ActionFailure(
                    "\(reason) `log` has the end of \(logFile.text): mend the command and start it again.")
                failure.members = [.init("commandId", .text("\(pid)")), .init("log", .text(log))]
                return failure
            }
            switch result.state {
            case .ended(let log): throw failure("The server ended before its port \(port) answered.", log)
            case .isSilent(let log):
                throw failure(
                    "The server's port \(port) did not answer within 10 seconds; its command \(pid) still runs.", log)
            case .answers(let address):
                let message =
                    "Server started with ID \(pid), accessible at \(address.url). Logs are redirected to \(logFile.text)"
                return .reply(
                    ActionReply(
                        sessionID: session.text,
                        [
                            ("commandId", .text("\(pid)")), ("host", .text(address.host)), ("url", .text(address.url)),
                            ("logFile", .text(logFile.text)), ("message", .text(message)),
                        ]))
            }
        }
    }

    // MARK: - Packages

    static let install = ActionDefinition(
        "install", "Install packages with pip or npm.", required(.sessionID), optional(.code), optional(.packages),
        optional(.packageLanguage), optional(.envs), example: #""packages": ["requests"]"#
    ) { session, code, packages, language, envs throws(ArgumentError) in
        // The E2BCode plugin takes one name or several names in `code`, separated by white space.
        let words = (code ?? "").unicodeScalars.split(maxSplits: 101, whereSeparator: \.properties.isWhitespace)
        let command = words.map(String.init).joined(separator: " ")
        let own = PackageName.texts(command.isEmpty ? [] : [command])
        let names = try packageNames(
            (packages ?? []) + (own == [command] ? words.map(String.init) : own), "`code` or `packages`")
        let action = InstallPackages(
            session: session.text, packages: names, manager: language ?? "python" == "python" ? .pip : .npm,
            variables: envs ?? [:])
        return PreparedAction(action) { $0.answer(session, "output", "error") }
    }

    static let systemInstall = ActionDefinition(
        "system_install", "Install Debian packages with apt-get, as root.", required(.sessionID), required(.packages),
        optional(.envs), example: #""packages": ["ffmpeg"]"#
    ) { session, packages, envs throws(ArgumentError) in
        let action = InstallPackages(
            session: session.text, packages: try packageNames(packages, "`packages`"), manager: .apt,
            variables: envs ?? [:])
        return PreparedAction(action) { $0.answer(session, "output", "error") }
    }

    private static func packageNames(
        _ texts: [String], _ parameter: String
    ) throws(ArgumentError) -> [PackageName] {
        let texts = PackageName.texts(texts)
        guard !texts.isEmpty else {
            throw ArgumentError("\(parameter) is required: the names of packages to install.")
        }
        guard texts.count <= 100 else { throw ArgumentError("\(parameter) must be at most 100 names.") }
        var names: [PackageName] = []
        for text in texts {
            guard let name = PackageName(text) else {
                throw ArgumentError(
                    "'\(text.prefix(100).withoutControls)' is not a package's name: it may not begin with '-'.",
                    logged: "\(parameter) has what is not a package's name.")
            }
            names.append(name)
        }
        return names
    }
}

extension RunCommandResult {
    fileprivate func answer(_ session: SessionName, _ output: String, _ error: String) -> ActionAnswer {
        let errors = note.map { stderr.isEmpty ? $0 : "\(stderr)\n\($0)" } ?? stderr
        let reply = ActionReply(
            sessionID: session.text, isSuccess: exitCode == 0,
            [
                (output, .text(stdout)), (error, .text(errors)),
                ("exitCode", exitCode.map { .number($0) } ?? .null),
            ])
        return .reply(reply, problem: problem)
    }
}

extension RunningProcess {
    fileprivate var summary: JSONNode {
        [
            "pid": .number(Int(pid)), "cmd": .text(command), "args": .list(arguments.map { .text($0) }),
            "cwd": JSONNode(cwd), "tag": JSONNode(tag),
        ]
    }
}

extension Substring {
    fileprivate var withoutControls: String {
        String(String.UnicodeScalarView(unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7f }))
    }
}
