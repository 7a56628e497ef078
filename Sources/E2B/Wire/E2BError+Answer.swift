internal import Fetch

extension E2BError {
    /// Makes an error of a status other than success. It may come from the control API, from the code interpreter, from envd, or
    /// from the edge in front of them, which alone answers with 502 in JSON. Protocol.md, 2, 3, 5.1 and 6.3.
    init(_ step: Step, _ head: FetchHead, body: [UInt8], without secrets: Secrets) {
        self.init(
            step, status: head.status, message: ErrorMessage.of(body, without: secrets),
            retryAfter: RetryAfter.pause(head))
    }

    init(_ step: Step, status: Int, message: String, retryAfter: Duration?) {
        switch status {
        case 200..<300: self = .broken(step, why: "E2B answered with status \(status), which means something else")
        case 401: self = .unauthorized(step, message: message)
        // From a sandbox, 403 means a file's permissions or the edge's own token.
        case 403 where step.isControl: self = .unauthorized(step, message: message)
        case 404: self = .notFound(step, message: message)
        case 429: self = .rateLimited(step, message: message, retryAfter: retryAfter)
        case 502 where !step.isControl && message.contains("was not found"): self = .sandboxGone(message: message)
        case 503...504 where step.isControl: self = .noCapacity(step, message: message, retryAfter: retryAfter)
        default: self = .refused(step, status: status, message: message)
        }
    }

    init(_ step: Step, _ error: FetchError) {
        switch error {
        case .invalidURL: self = .invalidConfiguration("a URL of E2B cannot be used")
        case .invalidRequest: self = .invalidConfiguration("a request to E2B cannot be written as HTTP")
        case .couldNotResolve(let host): self = .unreachable(step, why: "the host name \(host) has no address")
        case .couldNotConnect(let host): self = .unreachable(step, why: "\(host) does not accept the connection")
        case .tls(let host, let message): self = .tls(step, why: "\(host): \(ErrorMessage.clean(message))")
        case .timedOut, .idle: self = .timedOut(step)
        case .responseTooLarge(let limit): self = .tooLarge(step, limit: limit)
        case .cut: self = .broken(step, why: "the connection was closed before the answer was whole")
        case .bodyFailed: self = .broken(step, why: "what was to be sent could not be read to its end")
        case .cancelled: self = .cancelled
        case .shutDown: self = .shutDown
        case .outOfMemory: self = .broken(step, why: "there is no memory left for the transfer")
        case .outOfDescriptors: self = .outOfDescriptors(step)
        case .curl(let code, let message): self = .broken(step, why: "\(ErrorMessage.clean(message)) (curl \(code))")
        }
    }
}
