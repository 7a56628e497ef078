package import Interpreter
package import JSON

extension Parameter<String> {
    static let template = Self("template", "What the sandbox is made of.")
    static let code = Self("code", "Code to execute; for `install` the package's name.")
    static let packageLanguage = Self(
        "language", "Whose package. Default python.", .choice(["python", "javascript", "typescript"]))
    static let format = Self(
        "format", "content: answer with text and images as POST /execute does. Default json.",
        .choice(["json", "content"]))
    static let sandboxID = Self("sandboxId", "The sandbox to kill, instead of `sessionId`.")
    static let command = Self("command", alias: "cmd", "Command line for bash.")
    static let cmd = Self("cmd", alias: "command", "Command line for bash.")
    static let cwd = Self("cwd", "Working directory. Default the user's home.")
    static let encoding = Self(
        "encoding", "Of the file's content. Default utf-8.", .choice(["utf-8", "base64"]))
    static let commandName = Self("command_name", "The action to explain.")
}

extension Parameter<SessionName> {
    package static let sessionID = Self(
        "sessionId", "Names the sandbox: any text, the same in every call of a conversation.")
}

extension Parameter<Double> {
    static let timeout = Self("timeout", "Minutes until the sandbox ends by itself.", .number(0.1...43_200))
    static let expiresIn = Self(
        "expiresIn", "Minutes until the link stops working; it works no longer than the sandbox. Default 60.",
        .number(0.1...43_200))
}

extension Parameter<Int> {
    static let timeoutMs = Self(
        "timeoutMs", "Milliseconds that the code or command may take.", .integer(1...86_400_000))
    static let pid = Self("pid", "Process id.", .integer(1...Int(Int32.max)))
    static let port = Self("port", "Port that a server in the sandbox listens on.", .integer(1...65_535))
}

extension Parameter<Bool> {
    static let background = Self(
        "background", "true: return at once with the command's id. Default false.")
}

extension Parameter<[String: String]> {
    static let envs = Self("envs", "Environment variables: an object of strings.")
}

extension Parameter<[String]> {
    static let packages = Self("packages", "Names of packages: an array of strings.")
}

extension Parameter<Language> {
    package static let language = Self("language", "Language of `code`. Default python.")
}

extension Parameter<UnixUser> {
    static let user = Self("user", "Unix user, root for example. Default the sandbox's.")
}

extension Parameter<SandboxPath> {
    static let filePath = Self("filePath", "Path in the sandbox, /home/user/data.csv for example.")
    static let logFile = Self("logFile", "File in the sandbox that gets the server's output.")
}

extension Parameter<CommandID> {
    static let commandID = Self("commandId", "The id that a background `shell` answered with.")
}

/// The id of a process, in the form in which a background command's reply has it.
struct CommandID: Equatable, Sendable, ArgumentValue {
    static let type = ArgumentType.form(
        expectation: "the id that a background `shell` answered with", example: "1234")

    let pid: UInt32

    init?(json: JSONValue) {
        guard let pid = json.exactString.flatMap(UInt32.init), pid > 0 else { return nil }
        self.pid = pid
    }

    init?(lenient json: JSONValue) {
        guard let pid = Int(json: json) ?? Int(lenient: json), pid > 0, let pid = UInt32(exactly: pid) else {
            return nil
        }
        self.pid = pid
    }
}
