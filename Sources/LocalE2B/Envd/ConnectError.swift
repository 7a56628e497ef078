/// An error of the Connect protocol. Protocol.md, 4.1.
struct ConnectError: Error, Equatable, Encodable {
    enum Code: String, Encodable, Sendable {
        case canceled, unknown, aborted, internal_ = "internal", unauthenticated, unavailable, unimplemented
        case invalidArgument = "invalid_argument"
        case deadlineExceeded = "deadline_exceeded"
        case notFound = "not_found"
        case alreadyExists = "already_exists"
        case permissionDenied = "permission_denied"
        case resourceExhausted = "resource_exhausted"
        case failedPrecondition = "failed_precondition"
        case outOfRange = "out_of_range"
        case dataLoss = "data_loss"

        /// The HTTP status of a unary answer.
        var status: Int {
            switch self {
            case .canceled: 499
            case .unknown, .internal_, .dataLoss: 500
            case .invalidArgument, .failedPrecondition, .outOfRange: 400
            case .deadlineExceeded: 504
            case .notFound: 404
            case .alreadyExists, .aborted: 409
            case .permissionDenied: 403
            case .resourceExhausted: 429
            case .unimplemented: 501
            case .unavailable: 503
            case .unauthenticated: 401
            }
        }
    }

    var code: Code
    var message: String

    static let deadline = ConnectError(code: .deadlineExceeded, message: "context deadline exceeded")
    static let gone = ConnectError(code: .unavailable, message: "the sandbox has ended")

    init(code: Code, message: String) {
        self.code = code
        self.message = message
    }

    init(_ failure: AgentError) {
        code = failure.code.flatMap(Code.init) ?? .unknown
        message = failure.message ?? failure.text ?? "failed"
    }

    init(_ error: AgentCallError) {
        switch error {
        case .refused(let failure): self.init(failure)
        case .gone: self = .gone
        }
    }
}
