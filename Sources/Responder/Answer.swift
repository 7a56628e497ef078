import E2B
import JSON
import LibreChat
import Redaction

/// What a handler made of a request.
struct Answer: Sendable {
    var status: Int
    /// JSON.
    var body: [UInt8]
    var retryAfter: Duration?
    var outcome: Outcome

    init(status: Int, body: [UInt8], retryAfter: Duration? = nil, outcome: Outcome = Outcome()) {
        self.status = status
        self.body = body
        self.retryAfter = retryAfter
        self.outcome = outcome
    }

    init(
        status: Int, content: ToolContent, _ hidden: SecretRedactor, retryAfter: Duration? = nil,
        sandboxID: String? = nil
    ) {
        self.init(
            status: status, body: content.encoded(hiding: hidden), retryAfter: retryAfter,
            outcome: Outcome(sandboxID: sandboxID, images: content.images.count))
    }

    /// In the shape of tool content. What E2B said may hold a hidden value.
    init(_ refusal: Refusal, _ hidden: SecretRedactor) {
        self.init(
            status: refusal.status, content: ToolContent(text: refusal.sentence), hidden,
            retryAfter: refusal.retryAfter)
        outcome.problem = refusal.logged ?? refusal.sentence
    }

    /// In the shape of an action's answer.
    init(_ failure: ActionFailure, _ hidden: SecretRedactor) {
        let reply = ActionReply.failure(
            sessionID: failure.sessionID, failure.sentence, failure.members.map { ($0.name, $0.value) })
        self.init(status: failure.status, body: reply.encoded(hiding: hidden), retryAfter: failure.retryAfter)
        outcome.problem = failure.logged ?? failure.sentence
    }
}
