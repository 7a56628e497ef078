package import E2B
package import FastCGI
package import Fetch
package import ImageGate
package import Interpreter
package import JSON
import MCP
import System

/// The configuration of the responder: all values that an operator can set.
package struct Configuration: Sendable {
    package var e2b: E2BConfiguration
    package var template: String
    /// The variables that every sandbox gets, by name. Their values are secrets, which no answer may show.
    package var secretVariables: [String: String]
    /// Redacts the values of the secret variables.
    package let secrets: SecretRedactor
    package var publicBaseURL: String?
    package var keys: [AccessKey]
    /// The names of the keys that may name users and conversations.
    var trustedKeys: Set<String>
    /// The headers in which they name them.
    var identityHeaders: Identity.Headers
    /// Checks the tokens of LibreChat; nil if none are taken.
    var tokens: TokenVerifier?
    /// How long an MCP conversation's sandbox lives after its last use.
    var sessionIdle: Duration
    /// What becomes of a session's sandbox then.
    var sessionEnd: SessionEnd
    /// Where the responders of one machine find each other's calls.
    var stateDirectory: StateDirectory
    /// What is kept outside of sandboxes, where, and for how long.
    package var store: StoreSettings
    /// The largest number of bytes of all images in one MCP answer together.
    var mcpImageBytes: Int
    /// Whether `/execute` and `/e2bcode` answer with links to images in place of images.
    var linksImages: Bool
    /// The form in which MCP answers have images.
    var mcpImages: ImageForms
    /// The MCP tools, as they are offered.
    var mcpTools: ToolTable
    /// The allowed origins of web pages, besides the service's own.
    package var origins: Set<String>
    package var webServers: WebServers
    /// Whether keys and code may cross a network by plain HTTP.
    package var isHTTPAllowed: Bool
    package private(set) var limits: InterpreterLimits
    package var imagePolicy: ImagePolicy
    package var grace: Duration
    /// The list with which `list_templates` answers.
    package var templates: JSONNode
    package var isLogging: Bool
    package var logLevel: LogLevel
    package var logFormat: LogFormat
    /// Where the status is told beside the web server's way; nil: nowhere.
    package var statusAddress: Listener.Address?

    /// Whether there is an E2B API key. Without one the service starts as well, and answers that no code can be run.
    package var isAPIKeyConfigured: Bool { !e2b.apiKey.isEmpty }

    /// The names of secret variables whose values are too short to be redacted.
    package var unredactedVariables: [String] {
        secretVariables.filter { $0.value.utf8.count < SecretRedactor.shortest }.keys.sorted()
    }

    /// - Throws: ``ConfigurationError`` with a sentence for every wrong value.
    package init(environment: [String: String]) throws(ConfigurationError) {
        var reader = SettingReader(environment)
        e2b = E2BConfiguration(
            apiKey: reader.text(.apiKey) ?? "",
            domain: reader.text(.domain) ?? Setting.domain.standard,
            apiURL: reader.url(.apiURL),
            sandboxURL: reader.url(.sandboxURL),
            caFile: reader.readableFile(.caFile),
            proxy: reader.proxy(.proxy),
            requestTimeout: reader.seconds(.requestTimeout, 1...600),
            lineLimit: 1 << 32,
            streamLimit: reader.integer(.outputLimit, 1 << 16...1 << 32))
        template = reader.text(.template) ?? Setting.template.standard
        secretVariables = reader.secretVariables()
        let secrets = SecretRedactor(secretVariables)
        self.secrets = secrets
        e2b.redact = { secrets.redacted($0) }
        e2b.userAgent = Version.userAgent
        publicBaseURL = reader.url(.publicBaseURL)
        keys = reader.keys(.keys)
        trustedKeys = reader.names(.trustedKeys, of: keys)
        identityHeaders = Identity.Headers(
            user: reader.header(.userHeader), conversation: reader.header(.conversationHeader))
        if identityHeaders.user.lowercased() == identityHeaders.conversation.lowercased() {
            reader.refuse(
                "\(Setting.userHeader.name) and \(Setting.conversationHeader.name) must be different headers.")
        }
        tokens = reader.tokens()
        sessionIdle = reader.seconds(.sessionIdle, 60...86_400)
        sessionEnd = SessionEnd(
            isPause: reader.choice(.sessionEnd, else: SessionEndChoice.kill) == .pause,
            keepDays: reader.integer(.keepDays, 1...3650))
        stateDirectory = StateDirectory(reader.folder(.stateDirectory))
        store = reader.store()
        linksImages = reader.choice(.imagesAs, else: ImagesAs.data) == .link
        if linksImages, store.place == .off {
            reader.refuse(
                "\(Setting.imagesAs.name) is link, and \(Setting.store.name) is off: there is nowhere to keep images.")
        }
        mcpImageBytes = reader.integer(.mcpImageBytes, 1000...1 << 30)
        mcpImages = reader.imageForms(.mcpImages, of: keys)
        origins = reader.origins(.origins)
        webServers = reader.webServers(.webServers)
        isHTTPAllowed = reader.isOn(.allowHTTP)
        if !isHTTPAllowed { reader.refusePlainHTTP(e2b, unless: .allowHTTP) }
        imagePolicy = reader.imagePolicy()
        limits = reader.limits(
            &e2b, imagePolicy, hasSeveralOwners: Set(keys.map(\.name)).count > 1 || !trustedKeys.isEmpty,
            ofKeys: reader.keyLimits(.keyLimits, of: keys))
        grace = reader.seconds(.grace, 0...3600)
        isLogging = reader.isOn(.log)
        logLevel = reader.choice(.logLevel, else: .info)
        logFormat = reader.choice(.logFormat, else: .json)
        statusAddress = reader.localAddress(.statusListen)
        templates = reader.templates(.templates)
        mcpTools = ToolTable(
            offering: reader.names(.mcpTools, among: ToolTable.names),
            template: TemplateContent(of: template, in: templates))
        reader.refuseControlCharacters()
        reader.refuseUnknown()
        guard reader.complaints.isEmpty else { throw ConfigurationError(complaints: reader.complaints) }
    }
}

extension Configuration {
    /// The same configuration, with what the requests of an earlier one hold counted in the limit of memory.
    func sharingMemory(with earlier: Configuration) -> Configuration {
        var configuration = self
        configuration.limits = limits.sharingMemory(with: earlier.limits)
        return configuration
    }

    /// Whether a client for E2B with the other configuration does the same as one with this.
    package func hasSameE2B(as other: Configuration) -> Bool {
        secretVariables == other.secretVariables && e2b.isSame(as: other.e2b)
    }

    package func makeDecoderConfiguration(notice: @escaping @Sendable (String) -> Void) -> DecoderConfiguration {
        var configuration = DecoderConfiguration(notice: notice)
        configuration.processorTime = limits.images.processorTime
        configuration.batchTime = limits.images.batchTime
        return configuration
    }
}

/// The errors of a configuration: one sentence for each wrong value. No sentence contains a secret.
package struct ConfigurationError: Error, Equatable, CustomStringConvertible {
    package let complaints: [String]
    package var description: String { complaints.joined(separator: "\n") }
}

extension Configuration {
    /// How services other than E2B are reached.
    package var connecting: FetchConfiguration {
        FetchConfiguration(caFile: e2b.caFile, proxy: e2b.proxy, userAgent: Version.userAgent)
    }
}

/// The values of `E2B_FCGI_IMAGES_AS`.
private enum ImagesAs: String, CaseIterable {
    case data, link
}

/// The values of `E2B_FCGI_SESSION_END`.
private enum SessionEndChoice: String, CaseIterable {
    case kill, pause
}
