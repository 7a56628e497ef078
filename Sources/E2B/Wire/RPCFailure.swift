internal import Fetch
internal import JSON

/// An error of the Connect protocol, as a unary answer's body and a stream's last envelope have it. Protocol.md, 4.1.
struct RPCFailure: Error, Equatable {
    var code: String
    var message: String

    /// - Returns: nil if there is no code in letters, which means that the words are not the RPC layer's.
    init?(json: JSONValue, without secrets: Secrets) throws(MalformedJSON) {
        var code: String?
        var message = ""
        try json.members { key, value in
            switch key {
            case "code": code = value.string
            case "message": message = value.string ?? ""
            default: break
            }
        }
        guard let code else { return nil }
        self.init(code: code, message: ErrorMessage.of(text: message, without: secrets))
    }

    init(code: String, message: String) {
        self.code = code
        self.message = message
    }

    /// The HTTP status that a unary answer with this code has.
    var status: Int {
        switch code {
        case "canceled": 499
        case "invalid_argument", "failed_precondition", "out_of_range": 400
        case "deadline_exceeded": 504
        case "not_found": 404
        case "already_exists", "aborted": 409
        case "permission_denied": 403
        case "resource_exhausted": 429
        case "unimplemented": 501
        case "unavailable": 503
        case "unauthenticated": 401
        default: 500
        }
    }
}

extension E2BError {
    init(_ step: Step, _ failure: RPCFailure, retryAfter: Duration? = nil) {
        if failure.code == "deadline_exceeded" {
            self = .timedOut(step)
        } else {
            self.init(step, status: failure.status, message: failure.message, retryAfter: retryAfter)
        }
    }

    /// Makes an error of a failed RPC's answer. Its code decides if it has one, and otherwise its status.
    init(rpc step: Step, _ head: FetchHead, body: [UInt8], without secrets: Secrets) {
        // A body without a code comes from envd's authentication, the edge or a proxy.
        let failure = body.withUnsafeBytes { bytes in
            try? RPCFailure(json: JSONScanner.value(of: bytes), without: secrets)
        }
        if let failure {
            self.init(step, failure, retryAfter: RetryAfter.pause(head))
        } else {
            self.init(step, head, body: body, without: secrets)
        }
    }
}
