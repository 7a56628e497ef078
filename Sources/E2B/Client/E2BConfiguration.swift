/// Where E2B is and how to talk to it.
public struct E2BConfiguration: Sendable {
    public var apiKey: String
    /// The domain of E2B's hosts; E2B's own is `e2b.app`.
    public var domain: String
    /// The control API's base URL; nil for the one of the domain.
    public var apiURL: String?
    /// One base URL for all traffic to sandboxes; nil for those of the domain.
    public var sandboxURL: String?
    /// Whether the services run on this machine, each at its own port, unless a URL says otherwise.
    /// Protocol.md, 1.6.
    public var isDebug = false
    /// A PEM file of certificate authorities; nil for the system's.
    public var caFile: String?
    public var proxy: String?
    /// The timeout of a call, including its repetitions. Executions and commands have timeouts of their own. A whole file has a
    /// second more for each MiB, and one in pieces may take any time.
    public var requestTimeout: Duration
    /// The largest number of bytes in one line of an execution's stream, after its strings have been cut to ``textLimit`` and
    /// ``imageLimit``.
    public var lineLimit: Int
    /// Removes from E2B's words what an error must not show, for example values that code or a command was given. It is called
    /// before the words are cut and joined. Keys and tokens are removed in any case.
    public var redact: @Sendable ([UInt8]) -> [UInt8] = { $0 }
    /// The largest number of bytes of one text in a line, as sent. Of a longer text the beginning and the end are kept, with a
    /// note between them.
    public var textLimit = 16 << 20
    /// The largest number of bytes of one image in a line, in base64 or as SVG, as sent. Of a longer one the beginning is kept.
    public var imageLimit = 60 << 20
    /// The largest number of bytes in the stream of an execution or a command, as sent.
    public var streamLimit: Int
    /// The largest number of connections to E2B's API, and as many to sandboxes, including idle ones. Further calls wait for one
    /// of them.
    public var connectionLimit: Int
    /// What the program calls itself towards E2B, as a header field's value.
    public var userAgent = "e2b-swift"

    /// Is told of every call.
    package var observer: CallObserver?

    public init(
        apiKey: String, domain: String = "e2b.app", apiURL: String? = nil, sandboxURL: String? = nil,
        caFile: String? = nil, proxy: String? = nil, requestTimeout: Duration = .seconds(60),
        lineLimit: Int = 64 << 20, streamLimit: Int = 256 << 20,
        connectionLimit: Int = 1024
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
        self.connectionLimit = connectionLimit
    }

    /// Reads the variables that E2B's own SDKs read: `E2B_API_KEY`, `E2B_DOMAIN`, `E2B_API_URL`, `E2B_SANDBOX_URL` and
    /// `E2B_DEBUG`, which means the services of this machine. An empty variable counts as absent.
    public init(environment: [String: String]) {
        func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        self.init(
            apiKey: value("E2B_API_KEY") ?? "", domain: value("E2B_DOMAIN") ?? "e2b.app",
            apiURL: value("E2B_API_URL"), sandboxURL: value("E2B_SANDBOX_URL"))
        isDebug = value("E2B_DEBUG")?.lowercased() == "true"
    }

    /// Whether code, results and keys cross a network unencrypted: by `http` to another machine, or through a proxy on one.
    public var isPlaintext: Bool { [apiURL, sandboxURL].contains { isPlaintext($0) } }

    /// Whether that is so for one of the two addresses.
    package func isPlaintext(_ url: String?) -> Bool {
        guard let url, let base = BaseURL(url), !base.isSecure else { return false }
        // A proxy gets every request, those to this machine as well; `https` passes through it unread.
        let proxy = proxy.map { BaseURL(BaseURL.withoutUser($0)) }
        return !base.isLoopback || proxy.map { $0?.isLoopback != true } == true
    }
}

extension E2BConfiguration {
    /// Whether all values are the same. What ``redact`` does is not compared.
    package func isSame(as other: E2BConfiguration) -> Bool {
        (apiKey, domain, apiURL, sandboxURL, isDebug) == (
            other.apiKey, other.domain, other.apiURL, other.sandboxURL, other.isDebug
        )
            && (caFile, proxy, requestTimeout, userAgent) == (
                other.caFile, other.proxy, other.requestTimeout, other.userAgent
            )
            && (lineLimit, textLimit, imageLimit, streamLimit, connectionLimit)
                == (other.lineLimit, other.textLimit, other.imageLimit, other.streamLimit, other.connectionLimit)
    }
}

extension E2BConfiguration: CustomStringConvertible, CustomDebugStringConvertible {
    /// Without the key, and without a password in an address.
    public var description: String {
        let (api, sandboxes) = (apiURL ?? domain, sandboxURL ?? "sandboxes at the domain")
        return "E2BConfiguration(\(BaseURL.withoutUser(api)), \(BaseURL.withoutUser(sandboxes)))"
    }

    public var debugDescription: String { description }
}
