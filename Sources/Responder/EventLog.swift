import Glibc

/// What a request came to, for the log. No code, no bodies, no credentials.
struct Outcome: Sendable {
    var caller: String?
    /// Of `POST /e2bcode`.
    var action: String?
    var sandboxID: String?
    /// Images in the answer.
    var images = 0
}

/// JSON lines on standard error.
package final class EventLog: Sendable {
    private let isLoggingRequests: Bool

    package init(isLoggingRequests: Bool) { self.isLoggingRequests = isLoggingRequests }

    func request(
        id: String, method: String, path: String, status: Int, bytesIn: Int, bytesOut: Int, duration: Duration,
        outcome: Outcome
    ) {
        guard isLoggingRequests else { return }
        var line = LogLine()
        line.member("id", id)
        line.member("method", String(method.prefix(20)))
        line.member("path", String(path.prefix(200)))
        line.member("status", status)
        line.member("ms", milliseconds: duration)
        if let caller = outcome.caller { line.member("caller", caller) }
        if let action = outcome.action { line.member("action", action) }
        if let sandbox = outcome.sandboxID { line.member("sandbox", sandbox) }
        line.member("bytesIn", bytesIn)
        line.member("bytesOut", bytesOut)
        line.member("images", outcome.images)
        write(line)
    }

    /// Something that an operator should know, outside any request.
    package func notice(_ text: String) {
        var line = LogLine()
        line.member("notice", text)
        write(line)
    }

    private func write(_ line: consuming LogLine) {
        // One write a line: lines of several threads do not mix.
        line.finish().withUnsafeBytes { _ = Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}
