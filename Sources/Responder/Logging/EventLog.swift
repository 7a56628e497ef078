package import Interpreter

/// What a request came to, for the log. No code, no bodies, no credentials.
struct Outcome: Sendable {
    /// The peer of the web server, as the web server sees it.
    var client = ""
    var caller: String?
    /// Of `POST /e2bcode`.
    var action: String?
    var sandboxID: String?
    /// Of the request's body, as far as it was read.
    var bytesIn = 0
    /// Images in the answer.
    var images = 0
    /// Why what was asked for was not done, or not to its end: a sentence of ours, with E2B's words where E2B said
    /// something, and nothing that code printed or threw. nil: it was done.
    var problem: String?
}

/// JSON lines on standard error.
package final class EventLog: Sendable {
    private let isLoggingRequests: Bool
    private let output: LogOutput

    private let secrets: SecretRedactor

    /// - Parameter secrets: what must not be in a line: E2B's words are, and paths, which anybody may write.
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

    /// Something that an operator should know, outside any request.
    package func notice(_ text: String) {
        var line = LogLine()
        line.member("notice", secrets.redacted(text))
        write(line)
    }

    /// Cut only where no secret is any more: half of one would not have been found.
    private func beginning(of text: String, _ limit: Int) -> String {
        String(secrets.redacted(text).unicodeScalars.prefix(limit))
    }

    private func write(_ line: consuming LogLine) {
        output.write(line.finish())
    }
}
