package import Budget
package import E2B
package import FastCGI
package import ImageGate
package import Interpreter
package import JSON
import System

/// Everything an operator can set.
package struct Configuration: Sendable {
    package var e2b: E2BConfiguration
    package var template: String
    /// Variables of every sandbox, by name, whose values no answer may show.
    package var secretVariables: [String: String]
    /// Finds them.
    package let secrets: SecretRedactor
    package var publicBaseURL: String?
    package var keys: [AccessKey]
    /// Of web pages other than the service's own.
    package var origins: Set<String>
    package var webServers: WebServers
    /// Whether keys may cross a network by plain http.
    package var isHTTPAllowed: Bool
    package var executions: ExecutionLimits
    /// Bytes of a request's body.
    package var bodyLimit: Int
    /// Bytes of one file that `/e2bcode` writes or reads.
    package var fileLimit: Int
    /// Bytes that requests in flight may hold together.
    package var memoryLimit: Int
    /// Those bytes.
    package let memory: ByteBudget
    package var timeout: Duration
    package var maximumTimeout: Duration
    /// Unicode scalars of an answer's text.
    package var textLimit: Int
    /// Images in one answer.
    package var imageLimit: Int
    package var imagePolicy: ImagePolicy
    package var imageThreads: Int
    /// Of processors, for one image, and for those of one execution.
    package var imageTime: Duration
    package var imagesTime: Duration
    /// How long an answer waits for its images once the code has ended.
    package var imageWait: Duration
    package var grace: Duration
    /// What `list_templates` answers with.
    package var templates: JSONNode
    package var isLogging: Bool

    /// In which every request is answered: what code may take, one answer of E2B's that is long in coming, and what has to be
    /// done before and after.
    package var answerLimit: Duration {
        maximumTimeout + e2b.requestTimeout + .seconds(10) + Deadline.finishing
    }

    /// What bounds executions and actions.
    package var limits: InterpreterLimits {
        InterpreterLimits(
            executions: executions, standardTimeout: timeout, maximumTimeout: maximumTimeout, fileSize: fileLimit,
            text: textLimit,
            images: imageLimit, imageWait: imageWait, memory: memory)
    }

    /// Without a key E2B cannot be asked; the service starts all the same and says so.
    package var isAPIKeyConfigured: Bool { !e2b.apiKey.isEmpty }

    /// Names of hidden variables whose values are too short to be redacted.
    package var unredactedVariables: [String] {
        secretVariables.filter { $0.value.utf8.count < SecretRedactor.shortest }.keys.sorted()
    }

    /// - Throws: ``ConfigurationError`` naming every value that is wrong.
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
        // In base64, and a line break now and then.
        e2b.imageLimit = imagePolicy.inputByteLimit / 3 * 4 + imagePolicy.inputByteLimit / 32 + 64
        // Far beyond what an answer shows: where a text is cut while it comes, a secret may be cut in two.
        e2b.textLimit = max(memoryLimit / 64, 16 * textLimit)
        e2b.lineLimit = e2b.imageLimit + 4 * e2b.textLimit
        // What a single request may bring has to find room.
        let needs: [(what: String, size: Int, settings: [Setting])] = [
            ("the body of one request", bodyLimit + 2 * fileLimit, [.bodyLimit, .fileLimit]),
            ("one image of a result", 3 * e2b.imageLimit, [.imageInputBytes]),
        ]
        for need in needs where need.size > memoryLimit {
            reader.refuse(
                "\(Setting.memory.name) is \(memoryLimit), and \(need.what) may take \(need.size) bytes: raise it, or lower "
                    + "\(need.settings.map(\.name).joined(separator: " or ")).")
        }
        // Whoever has waited still has the time for what was asked for.
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

/// What is wrong with a configuration: one sentence for each value, without the values of secrets.
package struct ConfigurationError: Error, Equatable, CustomStringConvertible {
    package let complaints: [String]
    package var description: String { complaints.joined(separator: "\n") }
}
