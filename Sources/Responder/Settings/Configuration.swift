package import Budget
package import E2B
package import FastCGI
package import ImageGate
package import Interpreter
package import JSON
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
    /// How long an MCP conversation's sandbox lives after its last use.
    var sessionIdle: Duration
    /// The largest number of bytes of all images in one MCP answer together.
    var mcpImageBytes: Int
    /// The allowed origins of web pages, besides the service's own.
    package var origins: Set<String>
    package var webServers: WebServers
    /// Whether keys and code may cross a network by plain HTTP.
    package var isHTTPAllowed: Bool
    package var executions: ExecutionLimits
    /// The largest number of bytes of a request's body, without a file.
    package var bodyLimit: Int
    /// The largest number of bytes of a file that `/e2bcode` writes or reads.
    package var fileLimit: Int
    /// The largest number of bytes that requests in flight may hold together.
    package var memoryLimit: Int
    /// The budget of ``memoryLimit`` bytes.
    package let memory: ByteBudget
    package var timeout: Duration
    package var maximumTimeout: Duration
    /// The largest number of Unicode scalars of an answer's text.
    package var textLimit: Int
    /// The largest number of images in an answer.
    package var imageLimit: Int
    package var imagePolicy: ImagePolicy
    package var imageThreads: Int
    /// The largest processor time for one image.
    package var imageTime: Duration
    /// The largest processor time for all images of one execution.
    package var imagesTime: Duration
    /// The longest time that an answer waits for its images after the code has ended.
    package var imageWait: Duration
    package var grace: Duration
    /// The list with which `list_templates` answers.
    package var templates: JSONNode
    package var isLogging: Bool

    /// The longest time from a request to its answer: the longest timeout of code, the longest wait for one answer of
    /// E2B, and the work before and after.
    package var answerLimit: Duration {
        maximumTimeout + e2b.requestTimeout + .seconds(10) + Deadline.finishing
    }

    /// The limits of executions and actions.
    package var limits: InterpreterLimits {
        InterpreterLimits(
            executions: executions, standardTimeout: timeout, maximumTimeout: maximumTimeout, fileSize: fileLimit,
            text: textLimit,
            images: imageLimit, imageWait: imageWait, memory: memory)
    }

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
        publicBaseURL = reader.url(.publicBaseURL)
        keys = reader.keys(.keys)
        trustedKeys = reader.names(.trustedKeys, of: keys)
        sessionIdle = reader.seconds(.sessionIdle, 60...86_400)
        mcpImageBytes = reader.integer(.mcpImageBytes, 1000...1 << 30)
        origins = reader.origins(.origins)
        webServers = reader.webServers(.webServers)
        isHTTPAllowed = reader.isOn(.allowHTTP)
        if !isHTTPAllowed { reader.refusePlainHTTP(e2b, unless: .allowHTTP) }
        executions = reader.executions(hasSeveralOwners: keys.count > 1)
        e2b.connectionLimit = executions.connections
        bodyLimit = reader.integer(.bodyLimit, 1 << 10...1 << 30)
        fileLimit = reader.integer(.fileLimit, 1000...1 << 30)
        memoryLimit = reader.integer(.memory, 32 << 20...1 << 40)
        timeout = reader.seconds(.timeout, 1...86_400)
        maximumTimeout = reader.seconds(.maximumTimeout, 1...86_400)
        let readTimeout = reader.seconds(.readTimeout, 10...100_000)
        textLimit = reader.integer(.textLimit, 1000...10_000_000)
        imageLimit = reader.integer(.imageLimit, 0...1000)
        imagePolicy = ImagePolicy()
        (imagePolicy.shortSide, imagePolicy.longSide) = reader.box(.imageBox)
        imagePolicy.byteBudget = reader.integer(.imageBytes, 1000...1 << 30)
        imagePolicy.inputByteLimit = reader.integer(.imageInputBytes, 1000...1 << 30)
        imagePolicy.pixelLimit = reader.integer(.imagePixels, 1...1_000_000_000)
        imagePolicy.svg = reader.choice(.svg)
        imageThreads = reader.integer(.imageThreads, 1...256)
        imageTime = reader.seconds(.imageTime, 1...600)
        imagesTime = reader.seconds(.imagesTime, 1...600)
        imageWait = reader.seconds(.imageWait, 1...600)
        grace = reader.seconds(.grace, 0...3600)
        isLogging = reader.isOn(.log)
        templates = reader.templates(.templates)
        timeout = min(timeout, maximumTimeout)
        memory = ByteBudget(limit: memoryLimit)
        e2b.makeReservation = { [memory] in memory.reservation() }
        // An image comes as base64, which may have line breaks.
        e2b.imageLimit = imagePolicy.inputByteLimit / 3 * 4 + imagePolicy.inputByteLimit / 32 + 64
        // The limit is far beyond the text that an answer shows, because cutting a text that is still arriving may cut
        // a secret in two, which is then not redacted.
        e2b.textLimit = max(memoryLimit / 64, 16 * textLimit)
        e2b.lineLimit = e2b.imageLimit + 4 * e2b.textLimit
        // The memory has to suffice for the largest single request.
        let needs: [(what: String, size: Int, settings: [Setting])] = [
            ("the body of one request", bodyLimit + 2 * fileLimit, [.bodyLimit, .fileLimit]),
            ("one image of a result", 3 * e2b.imageLimit, [.imageInputBytes]),
        ]
        for need in needs where need.size > memoryLimit {
            reader.refuse(
                "\(Setting.memory.name) is \(memoryLimit), and \(need.what) may take \(need.size) bytes: raise it, or lower "
                    + "\(need.settings.map(\.name).joined(separator: " or ")).")
        }
        // The wait for a place is limited to a part of the answer's time, so that a request that has waited still has
        // the time for its execution.
        executions.wait = min(executions.wait, answerLimit / 4)
        if answerLimit > readTimeout - Deadline.margin {
            reader.refuse(
                "\(Setting.maximumTimeout.name) (\(maximumTimeout.words)) and \(Setting.requestTimeout.name) "
                    + "(\(e2b.requestTimeout.words)) are too much together: with what else an answer may take the web server "
                    + "would have to wait for \((answerLimit + Deadline.margin).words). Lower them, or raise its "
                    + "fastcgi_read_timeout, and \(Setting.readTimeout.name) (\(readTimeout.words)) with it.")
        }
        reader.refuseControlCharacters()
        reader.refuseUnknown()
        guard reader.complaints.isEmpty else { throw ConfigurationError(complaints: reader.complaints) }
    }
}

extension Configuration {
    package func makeDecoderConfiguration(notice: @escaping @Sendable (String) -> Void) -> DecoderConfiguration {
        var configuration = DecoderConfiguration(notice: notice)
        configuration.processorTime = imageTime
        configuration.batchTime = imagesTime
        return configuration
    }
}

/// The errors of a configuration: one sentence for each wrong value. No sentence contains a secret.
package struct ConfigurationError: Error, Equatable, CustomStringConvertible {
    package let complaints: [String]
    package var description: String { complaints.joined(separator: "\n") }
}
