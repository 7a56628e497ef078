import Interpreter
import E2B
import FastCGI
import JSON
import LibreChat
import System

/// The answer of an endpoint: a JSON body or a stream of bytes, and the outcome for the log.
struct Answer: Sendable {
    /// A body that is written while it is sent: see ``Response/Body/stream(length:write:)``. Its type is one of the
    /// ``headers``.
    struct Stream: Sendable {
        let length: Int?
        let write: @Sendable (ResponseWriter) async throws -> Void
    }

    var status: Int
    /// The body, as JSON if ``headers`` name no other type.
    var body: [UInt8]
    /// The body in place of ``body``.
    var stream: Stream?
    var retryAfter: Duration?
    /// The headers besides those that every response has.
    var headers: [(name: String, value: String)] = []
    var outcome: Outcome

    init(status: Int, body: [UInt8], retryAfter: Duration? = nil, outcome: Outcome = Outcome()) {
        self.status = status
        self.body = body
        self.retryAfter = retryAfter
        self.outcome = outcome
    }

    init(
        status: Int, content: ToolContent, _ secrets: SecretRedactor, retryAfter: Duration? = nil,
        sandboxID: String? = nil
    ) {
        self.init(
            status: status, body: content.encoded(without: secrets), retryAfter: retryAfter,
            outcome: Outcome(sandboxID: sandboxID, images: content.images.count))
    }

    /// Makes an answer with the refusal's sentence as tool content. Secrets are redacted, because E2B's error message
    /// may contain one.
    init(_ refusal: Refusal, _ secrets: SecretRedactor) {
        self.init(
            status: refusal.status, content: ToolContent(text: refusal.sentence), secrets,
            retryAfter: refusal.retryAfter)
        outcome.problem = refusal.logged ?? refusal.sentence
        headers = refusal.headers
    }

    /// Makes an answer with the reply of a failed action.
    init(_ failure: ActionFailure, _ secrets: SecretRedactor) {
        self.init(status: failure.status, body: failure.reply.encoded(without: secrets), retryAfter: failure.retryAfter)
        outcome.problem = failure.logged ?? failure.sentence
    }
}

extension Answer {
    /// The number of bytes of the body, as far as it is known.
    var byteCount: Int { stream.map { $0.length ?? 0 } ?? body.count }

    var response: Response {
        var response = Response(status: status, headers: [], body: body)
        if let stream { response.body = .stream(length: stream.length, write: stream.write) }
        let hasType = headers.contains { $0.name == "Content-Type" }
        if !body.isEmpty, !hasType { response.headers.append(("Content-Type", "application/json")) }
        if let retryAfter { response.headers.append(("Retry-After", String(max(1, retryAfter.wholeSeconds)))) }
        response.headers += headers
        return response
    }
}
