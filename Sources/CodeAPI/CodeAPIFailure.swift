package import JSON
import System

/// An error as callers of `/v1` read it.
///
/// LibreChat reads the status and `error`, shows the model a sentence of its own for them, and waits for
/// `retry_after_seconds`. `message` is for people and for older clients.
package struct CodeAPIFailure: Error, Equatable, Sendable {
    package let status: Int
    /// The word for the error, such as `rate_limited`.
    package let code: String
    package let sentence: String
    /// The sentence for the log, if it is another one.
    package var logged: String?
    package var retryAfter: Duration?
    /// Further members of the object.
    package var details: [JSONNode.Member] = []

    /// - Parameter code: nil for the word that goes with the status.
    package init(status: Int, code: String? = nil, _ sentence: String, retryAfter: Duration? = nil) {
        self.status = status
        self.code = code ?? Self.code(of: status)
        self.sentence = sentence
        self.retryAfter = retryAfter
    }

    /// The error as JSON.
    ///
    /// - Parameter redact: removes secrets from the sentence.
    package func encoded(_ redact: (String) -> String = { $0 }) -> [UInt8] {
        var json = JSONWriter()
        json.member("error", code)
        json.member("message", redact(sentence))
        if let retryAfter { json.member("retry_after_seconds", max(1, retryAfter.wholeSeconds)) }
        for detail in details { json.member(detail.name, detail.value) }
        return json.finish()
    }

    private static func code(of status: Int) -> String {
        switch status {
        case 400: "invalid_request"
        case 401: "unauthorized"
        case 403: "forbidden"
        case 404: "not_found"
        case 405: "method_not_allowed"
        case 409: "conflict"
        case 413: "too_large"
        case 415: "unsupported_media_type"
        case 416: "range_not_satisfiable"
        case 422: "unprocessable"
        case 429: "rate_limited"
        case 499: "cancelled"
        case 502: "upstream_failed"
        case 503: "unavailable"
        case 504: "timed_out"
        case 507: "insufficient_storage"
        case ..<500: "invalid_request"
        default: "internal_error"
        }
    }
}
