/// A parameter of actions: how it is read from the request, and what help and documentation say about it.
///
/// One list (``all``) serves the parsing of a request, its error messages, `help` and the OpenAPI document, so that none of
/// them can say something else than another.
struct Parameter: Sendable {
    let name: String
    /// A second name under which it is taken.
    let alias: String?
    let type: ParameterType
    /// For the model: few words.
    let meaning: String
    /// False: it is not there.
    let read: @Sendable (borrowing ArgumentReader, inout Arguments) throws(ActionFailure) -> Bool

    init<Value: ArgumentValue>(
        _ name: String, alias: String? = nil, _ path: any WritableKeyPath<Arguments, Value?> & Sendable,
        _ meaning: String, _ type: ParameterType = Value.type
    ) {
        self.name = name
        self.alias = alias
        self.type = type
        self.meaning = meaning
        read = { reader, arguments throws(ActionFailure) in
            for name in [name, alias].compactMap(\.self) {
                guard let value: Value = try reader.value(name, type) else { continue }
                arguments[keyPath: path] = value
                return true
            }
            return false
        }
    }

    /// A text that stays where it is in the request's body.
    init(
        _ name: String, place path: any WritableKeyPath<Arguments, FileContent.Place?> & Sendable, _ meaning: String
    ) {
        self.name = name
        alias = nil
        type = .text
        self.meaning = meaning
        read = { reader, arguments throws(ActionFailure) in
            guard let place = try reader.place(of: name) else { return false }
            arguments[keyPath: path] = place
            return true
        }
    }
}

/// What a parameter may be.
enum ParameterType: Equatable, Sendable {
    case text
    case choice([String])
    case flag
    case integer(ClosedRange<Int>)
    case number(ClosedRange<Double>)
    case texts
    /// An object of strings whose names are names of variables.
    case variables

    /// As it goes on after "must be".
    var expectation: String {
        switch self {
        case .text: "a string"
        case .choice(let words): "one of \(words.joined(separator: ", "))"
        case .flag: "true or false"
        case .integer(let range): "a whole number from \(range.lowerBound) to \(range.upperBound)"
        case .number(let range): "a number from \(Self.written(range.lowerBound)) to \(Self.written(range.upperBound))"
        case .texts: "an array of strings"
        case .variables: "an object of strings"
        }
    }

    private static func written(_ number: Double) -> String {
        Int(exactly: number).map(String.init) ?? "\(number)"
    }
}

extension Parameter {
    static let sessionID = Parameter(
        "sessionId", \.sessionID, "Names the sandbox: any text, the same in every call of a conversation.")
    static let sandboxID = Parameter("sandboxId", \.sandboxID, "The sandbox to kill, instead of `sessionId`.")
    static let timeout = Parameter(
        "timeout", \.timeout, "Minutes until the sandbox ends by itself.", .number(0.1...43_200))
    static let envs = Parameter("envs", \.envs, "Environment variables: an object of strings.")
    static let template = Parameter("template", \.template, "What the sandbox is made of.")
    static let code = Parameter("code", \.code, "Code to execute; for `install` the package's name.")
    static let language = Parameter(
        "language", \.language,
        "Language of `code`. Default python.",
        .choice(["python", "javascript", "typescript", "shell", "bash", "r", "java"]))
    static let packageLanguage = Parameter(
        "language", \.language, "Whose package. Default python.", .choice(["python", "javascript", "typescript"]))
    static let timeoutMs = Parameter(
        "timeoutMs", \.timeoutMs, "Milliseconds that the code or command may take.", .integer(1...86_400_000))
    static let format = Parameter(
        "format", \.format,
        "content: answer with text and images as POST /execute does. Default json.", .choice(["json", "content"]))
    static let command = Parameter("command", alias: "cmd", \.command, "Command line for bash.")
    static let cmd = Parameter("cmd", alias: "command", \.command, "Command line for bash.")
    static let background = Parameter(
        "background", \.background, "true: return at once with the command's id. Default false.")
    static let cwd = Parameter("cwd", \.cwd, "Working directory. Default the user's home.")
    static let user = Parameter("user", \.user, "Unix user, root for example. Default the sandbox's.")
    static let commandID = Parameter("commandId", \.commandID, "The id that a background `shell` answered with.")
    static let pid = Parameter("pid", \.pid, "Process id.", .integer(1...Int(Int32.max)))
    static let filePath = Parameter("filePath", \.filePath, "Path in the sandbox, /home/user/data.csv for example.")
    static let fileContent = Parameter(
        "fileContent", place: \.fileContentPlace, "What the file is to hold; may be empty.")
    static let encoding = Parameter(
        "encoding", \.encoding, "Of the file's content. Default utf-8.", .choice(["utf-8", "base64"]))
    static let packages = Parameter("packages", \.packages, "Names of packages: an array of strings.")
    static let expiresIn = Parameter(
        "expiresIn", \.expiresIn, "Minutes until the link stops working. Default 60.", .number(0.1...43_200))
    static let port = Parameter("port", \.port, "Port that a server in the sandbox listens on.", .integer(1...65_535))
    static let logFile = Parameter("logFile", \.logFile, "File in the sandbox that gets the server's output.")
    static let commandName = Parameter("command_name", \.commandName, "The action to explain.")
}
