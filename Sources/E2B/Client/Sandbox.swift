internal import JSON

/// What a new sandbox is made of.
public struct SandboxOptions: Sendable {
    public var template: String
    /// E2B ends the sandbox after this time, even if this process has ended.
    public var timeout: Duration
    public var metadata: [String: String]
    public var envs: [String: String]
    /// Whether E2B pauses the sandbox after its timeout, with its memory and files, and does not end it.
    public var pausesAtEnd: Bool

    public init(
        template: String = "code-interpreter-v1", timeout: Duration = .seconds(300), metadata: [String: String] = [:],
        envs: [String: String] = [:], pausesAtEnd: Bool = false
    ) {
        self.template = template
        self.timeout = timeout
        self.metadata = metadata
        self.envs = envs
        self.pausesAtEnd = pausesAtEnd
    }
}

/// A running sandbox, as the calls that create it and connect to it describe it.
public struct Sandbox: Equatable, Sendable {
    public var id: String
    public var envdAccessToken: String?
    public var trafficAccessToken: String?
    /// The sandbox's own domain where it differs from the configuration's.
    public var domain: String?
    public var envdVersion: String

    public init(
        id: String, envdAccessToken: String? = nil, trafficAccessToken: String? = nil, domain: String? = nil,
        envdVersion: String = ""
    ) {
        self.id = id
        self.envdAccessToken = envdAccessToken
        self.trafficAccessToken = trafficAccessToken
        self.domain = domain
        self.envdVersion = envdVersion
    }
}

extension Sandbox: CustomStringConvertible, CustomDebugStringConvertible {
    /// The description leaves out the tokens.
    public var description: String { "Sandbox(\(id))" }
    public var debugDescription: String { description }
}

extension Sandbox {
    /// Reads the answer of the calls that create a sandbox and connect to one. A member that is null, or an empty domain or
    /// token, counts as absent.
    ///
    /// - Returns: nil if the id is missing, or if a value cannot go into a URL or a header field.
    init?(json: JSONValue) throws(MalformedJSON) {
        var id: String?
        var sandbox = Sandbox(id: "")
        func text(_ value: JSONValue) -> String? { value.string.flatMap { $0.isEmpty ? nil : $0 } }
        try json.members { key, value in
            switch key {
            case "sandboxID": id = value.string
            case "envdAccessToken": sandbox.envdAccessToken = text(value)
            case "trafficAccessToken": sandbox.trafficAccessToken = text(value)
            case "domain": sandbox.domain = text(value)
            case "envdVersion": sandbox.envdVersion = value.string ?? ""
            default: break
            }
        }
        guard let id else { return nil }
        sandbox.id = id
        guard sandbox.isSendable else { return nil }
        self = sandbox
    }

    /// Whether all values can go into a URL or a header field.
    var isSendable: Bool {
        WireFormat.isSandboxID(id)
            && [envdAccessToken, trafficAccessToken].allSatisfy { $0.map(WireFormat.isToken) ?? true }
            && domain.map(Endpoints.isDomain) ?? true
    }
}
