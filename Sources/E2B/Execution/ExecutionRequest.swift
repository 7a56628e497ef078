internal import JSON

/// Code to run.
public struct ExecutionRequest: Sendable {
    public var code: String
    /// The language; nil for the default Python context.
    public var language: String?
    /// The id of a context. E2B refuses an execution that names both a context and a language.
    public var contextID: String?
    /// Variables for this execution. The interpreter writes them into the code between quotes without escaping them, so a value
    /// with a quote breaks the code. Prefer ``SandboxOptions/envs``.
    public var envs: [String: String]
    /// The time from sending the code to the end of its output.
    public var timeout: Duration
    /// The longest silence; nil for none. E2B sends a sign of life every 5 s.
    public var silenceLimit: Duration? = .seconds(20)
    /// Whether another execution of the same context may be running. This one then waits for it without a sign of life, and
    /// ``silenceLimit`` and ``startLimit`` count from its first sign of life. Protocol.md, 5.7.
    public var mayQueue = false
    /// How long there may be only signs of life before the code starts; after that the execution throws `.notStarted`. A context
    /// can lose a request that comes right after an interrupted one, and then sends signs of life for ever.
    public var startLimit: Duration = .seconds(30)

    public init(
        code: String, language: String? = nil, contextID: String? = nil, envs: [String: String] = [:],
        timeout: Duration = .seconds(300)
    ) {
        self.code = code
        self.language = language
        self.contextID = contextID
        self.envs = envs
        self.timeout = timeout
    }
}

extension ExecutionRequest {
    var json: [UInt8] {
        var json = JSONWriter(capacity: code.utf8.count + code.utf8.count / 8 + 128)
        json.member("code", code)
        if let contextID { json.member("context_id", contextID) }
        if let language { json.member("language", language) }
        if !envs.isEmpty { json.member("env_vars", envs) }
        return json.finish()
    }
}
