import FoundationEssentials
import Glibc
import Synchronization

/// What a request came to, for the log. No code, no bodies, no credentials.
struct Outcome: Sendable {
    var status: Int
    var caller: String?
    var sandboxID: String?
    /// Images in the answer.
    var images = 0
}

/// JSON lines on standard error.
package final class EventLog: Sendable {
    private let isLoggingRequests: Bool

    package init(isLoggingRequests: Bool) { self.isLoggingRequests = isLoggingRequests }

    private struct RequestLine: Encodable {
        let time: String
        let id: String
        let method: String
        let path: String
        let status: Int
        let ms: Double
        let caller: String?
        let sandbox: String?
        let bytesIn: Int
        let bytesOut: Int
        let images: Int
    }

    private struct NoticeLine: Encodable {
        let time: String
        let notice: String
    }

    func request(
        id: String, method: String, path: String, bytesIn: Int, bytesOut: Int, duration: Duration, outcome: Outcome
    ) {
        guard isLoggingRequests else { return }
        let parts = duration.components
        let microseconds = parts.seconds * 1_000_000 + parts.attoseconds / 1_000_000_000_000
        write(
            RequestLine(
                time: now, id: id, method: String(method.prefix(20)), path: String(path.prefix(200)),
                status: outcome.status, ms: Double(microseconds) / 1000, caller: outcome.caller,
                sandbox: outcome.sandboxID, bytesIn: bytesIn, bytesOut: bytesOut, images: outcome.images))
    }

    /// Something that an operator should know, outside any request.
    package func notice(_ text: String) { write(NoticeLine(time: now, notice: text)) }

    private var now: String { Date.now.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true)) }

    private func write(_ line: some Encodable) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.withoutEscapingSlashes, .sortedKeys]
        // Strings and numbers always encode; a log line is not worth a crash.
        guard var bytes = try? encoder.encode(line) else { return }
        bytes.append(UInt8(ascii: "\n"))
        // One write a line: lines of several threads do not mix.
        bytes.withUnsafeBytes { _ = Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}
