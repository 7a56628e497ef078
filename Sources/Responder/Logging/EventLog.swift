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

/// The log, which writes JSON lines to standard error.
package final class EventLog: Sendable {
    private let isLoggingRequests: Bool
    private let output: LogOutput

    private let secrets: SecretRedactor

    /// - Parameter secrets: the values to redact: E2B's messages and the paths of requests may contain them.
    package init(
        isLoggingRequests: Bool, secrets: SecretRedactor = .none, output: LogOutput = LogOutput(descriptor: 2)
    ) {
        self.isLoggingRequests = isLoggingRequests
        self.secrets = secrets
        self.output = output
    }

    func request(
        id: String, method: String, path: String, status: Int, bytesOut: Int, duration: Duration, outcome: Outcome
    ) {
        guard isLoggingRequests else { return }
        var line = LogLine()
        line.member("id", id)
        line.member("method", beginning(of: method, 20))
        line.member("path", beginning(of: path, 200))
        line.member("status", status)
        line.member("ms", milliseconds: duration)
        line.member("success", outcome.problem == nil)
        if let problem = outcome.problem { line.member("error", problem) }
        if !outcome.client.isEmpty { line.member("client", beginning(of: outcome.client, 100)) }
        if let caller = outcome.caller { line.member("caller", caller) }
        if let action = outcome.action { line.member("action", action) }
        if let sandbox = outcome.sandboxID { line.member("sandbox", sandbox) }
        line.member("bytesIn", outcome.bytesIn)
        line.member("bytesOut", bytesOut)
        line.member("images", outcome.images)
        write(line)
    }

    /// Logs a fact that the operator should know and that belongs to no request.
    package func notice(_ text: String) {
        var line = LogLine()
        line.member("notice", secrets.redacted(text))
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
