internal import Fetch

/// Talks to E2B, or to a server that speaks its protocol.
public final class E2BClient: Sendable {
    public init(_ configuration: E2BConfiguration) throws(E2BError) {}

    public func create(_ options: SandboxOptions) async throws(E2BError) -> Sandbox { fatalError() }
    /// False: it was already gone.
    @discardableResult
    public func kill(sandbox id: String) async throws(E2BError) -> Bool { fatalError() }
    /// Runs code and hands over each event as it arrives. Closes the connection, which interrupts the code, when
    /// `receive` throws or the task is cancelled.
    public func execute(
        _ execution: ExecutionRequest, in sandbox: Sandbox, _ receive: (ExecutionEvent) async throws -> Void
    ) async throws { fatalError() }
    /// Ends what is in flight and every connection.
    public func stop() async {}
}

/// Where E2B is and how to talk to it.
public struct E2BConfiguration: Sendable {
    public var apiKey: String
    /// E2B's own: `e2b.app`.
    public var domain: String
    /// The control API's base, instead of the domain's.
    public var apiURL: String?
    /// One base for all traffic to sandboxes, instead of the domain's.
    public var sandboxURL: String?
    /// PEM file of certificate authorities; nil for the system's.
    public var caFile: String?
    public var proxy: String?
    public var requestTimeout: Duration
    /// Bytes in one line of an execution's stream.
    public var lineLimit: Int
    /// Bytes in the whole of an execution's stream.
    public var streamLimit: Int

    public init(
        apiKey: String, domain: String = "e2b.app", apiURL: String? = nil, sandboxURL: String? = nil,
        caFile: String? = nil, proxy: String? = nil, requestTimeout: Duration = .seconds(60),
        lineLimit: Int = 64 << 20, streamLimit: Int = 256 << 20
    ) {
        self.apiKey = apiKey
        self.domain = domain
        self.apiURL = apiURL
        self.sandboxURL = sandboxURL
        self.caFile = caFile
        self.proxy = proxy
        self.requestTimeout = requestTimeout
        self.lineLimit = lineLimit
        self.streamLimit = streamLimit
    }
}

/// What a new sandbox is made of.
public struct SandboxOptions: Sendable {
    public var template: String
    /// E2B ends the sandbox after this long, whatever happens to us.
    public var timeout: Duration
    public var metadata: [String: String]
    public var envs: [String: String]

    public init(
        template: String = "code-interpreter-v1", timeout: Duration = .seconds(300), metadata: [String: String] = [:],
        envs: [String: String] = [:]
    ) {
        self.template = template
        self.timeout = timeout
        self.metadata = metadata
        self.envs = envs
    }
}

/// A running sandbox, as create and connect describe it.
public struct Sandbox: Equatable, Sendable {
    public var id: String
    public var envdAccessToken: String?
    public var trafficAccessToken: String?
    /// The sandbox's own domain where it differs from the configuration's.
    public var domain: String?
    public var envdVersion: String
}

/// Code to run.
public struct ExecutionRequest: Sendable {
    public var code: String
    /// nil: the default Python context.
    public var language: String?
    public var contextID: String?
    public var envs: [String: String]
    public var timeout: Duration

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
