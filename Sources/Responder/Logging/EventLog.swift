package import E2B
package import Interpreter

/// The outcome of a request, for the log. It contains no code, no bodies and no credentials.
struct Outcome: Sendable {
    /// The address of the web server's client, as the web server reports it.
    var client = ""
    var caller: String?
    /// The name of the action of `POST /e2bcode`.
    var action: String?
    var sandboxID: String?
    /// The number of bytes of the request's body that were read.
    var bytesIn = 0
    /// The number of images in the answer.
    var images = 0
    /// The reason why the request failed, or was not completed; nil if it succeeded. It is a sentence of this program,
    /// perhaps with E2B's error message, and contains nothing that code printed or threw.
    var problem: String?
}

/// The log, which writes a line for each event to standard error.
package final class EventLog: Sendable {
    private let isLoggingRequests: Bool
    private let level: LogLevel
    private let format: LogFormat
    private let output: LogOutput

    private let secrets: SecretRedactor

    /// - Parameters:
    ///   - level: what has less weight is not logged.
    ///   - secrets: the values to redact: E2B's messages and the paths of requests may contain them.
    package init(
        isLoggingRequests: Bool, level: LogLevel = .info, format: LogFormat = .json, secrets: SecretRedactor = .none,
        output: LogOutput = LogOutput(descriptor: 2)
    ) {
        self.isLoggingRequests = isLoggingRequests
        self.level = level
        self.format = format
        self.secrets = secrets
        self.output = output
        output.use(format)
    }

    /// Whether each call to E2B is logged.
    package var isLoggingCalls: Bool { level >= .debug }

    func request(
        _ trace: RequestTrace, method: String, path: String, status: Int, bytesOut: Int, duration: Duration,
        outcome: Outcome
    ) {
        let weight: LogLevel = outcome.problem == nil ? .info : status >= 500 ? .error : .warning
        guard isLoggingRequests, weight <= level else { return }
        var line = LogLine(weight, as: format)
        line.word("method", beginning(of: method, 20))
        line.word("path", beginning(of: path, 200))
        line.member("status", status)
        line.member("id", trace.id)
        line.member("ms", milliseconds: duration)
        line.member("success", outcome.problem == nil)
        if let problem = outcome.problem {
            line.member("error", problem)
            line.member("step", trace.step)
            if let words = trace.words { line.member("e2b", LogText.of(words, without: secrets)) }
        }
        let times = trace.times
        let isTold = outcome.problem != nil || times.e2b > .zero
        if isTold {
            line.member("e2bMs", milliseconds: times.e2b)
            line.member("imageMs", milliseconds: times.images)
            line.member("queueMs", milliseconds: times.queue)
        }
        if !outcome.client.isEmpty || outcome.problem != nil {
            line.member("client", outcome.client.isEmpty ? "unknown" : beginning(of: outcome.client, 100))
        }
        if let caller = outcome.caller { line.member("caller", caller) }
        if let action = outcome.action { line.member("action", action) }
        if let sandbox = outcome.sandboxID { line.member("sandbox", sandbox) }
        if isTold { line.member("executions", trace.executions) }
        line.member("bytesIn", outcome.bytesIn)
        line.member("bytesOut", bytesOut)
        line.member("images", outcome.images)
        write(line)
    }

    /// Logs a fact that belongs to no request.
    package func notice(_ text: String) { note(text, .info) }

    /// Logs something that is not as it should be, and that belongs to no request.
    package func warning(_ text: String) { note(text, .warning) }

    private func note(_ text: String, _ weight: LogLevel) {
        guard weight <= level else { return }
        var line = LogLine(weight, as: format)
        line.sentence("notice", secrets.redacted(text))
        write(line)
    }

    /// Logs a call to E2B that has ended.
    package func call(_ step: E2BError.Step, _ time: Duration, _ error: E2BError?) {
        guard isLoggingCalls else { return }
        var line = LogLine(.debug, as: format)
        line.word("call", step.name)
        line.member("ms", milliseconds: time)
        if let id = RequestTrace.current?.id { line.member("id", id) }
        if let error { line.member("error", LogText.of("\(error)", without: secrets)) }
        write(line)
    }

    /// Logs what a key has used.
    package func usage(of key: String, _ usage: UsageLedger.Usage, during time: String) {
        guard level >= .info else { return }
        var line = LogLine(.info, as: format)
        line.word("notice", "used \(time)")
        line.member("caller", key)
        line.member("sandboxSeconds", Int(usage.sandboxSeconds.rounded()))
        line.member("executions", usage.executions)
        line.member("bytesIn", usage.bytesIn)
        line.member("bytesOut", usage.bytesOut)
        write(line)
    }

    /// Cuts a text to at most `limit` Unicode scalars. Secrets are redacted before the cut, because half of a secret
    /// would not be recognised.
    private func beginning(of text: String, _ limit: Int) -> String {
        String(secrets.redacted(text).unicodeScalars.prefix(limit))
    }

    private func write(_ line: consuming LogLine) {
        output.write(line.finish())
    }
}
