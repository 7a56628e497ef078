internal import JSON

/// Code to run.
public struct ExecutionRequest: Sendable {
    public var code: String
    /// nil: the default Python context.
    public var language: String?
    /// A context's id; E2B refuses an execution that has a language, too.
    public var contextID: String?
    /// Variables for this execution. The interpreter puts them into the code between quotes without escaping them: a
    /// value with a quote breaks the code. Prefer ``SandboxOptions/envs``.
    public var envs: [String: String]
    /// From sending the code to the end of its output.
    public var timeout: Duration
    /// The longest silence; nil for none. E2B sends a sign of life every 5 s.
    public var silenceLimit: Duration? = .seconds(20)
    /// Whether another execution of the same context may be running. This one then waits for it in perfect silence, and
    /// ``silenceLimit`` and ``startLimit`` count from its first sign of life. Protocol.md, 5.7.
    public var mayQueue = false
    /// The longest wait for the code to start while there are only signs of life. A context can lose a request that
    /// follows an interrupted one at once, and then shows signs of life for ever: `.notStarted`.
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
