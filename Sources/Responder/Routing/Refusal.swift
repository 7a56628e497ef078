import Budget
import E2B
import FastCGI
import Interpreter

/// Why a request is not answered with 200: a status, and a sentence for people.
struct Refusal: Error, Equatable {
    let status: Int
    let sentence: String
    /// For the log, where the sentence repeats what the caller wrote: that may be code.
    var logged: String?
    /// When it is worth trying again.
    var retryAfter: Duration?
    /// Methods that the path does answer, for 405.
    var allow: String?

    init(status: Int, _ sentence: String, retryAfter: Duration? = nil, allow: String? = nil) {
        self.status = status
        self.sentence = sentence
        self.retryAfter = retryAfter
        self.allow = allow
    }

    init(badRequest sentence: String, logged: String? = nil) {
        self.init(status: 400, sentence)
        self.logged = logged
    }

    /// What HTTP wants beside such a status. RFC 9110, sections 10.2.1 and 11.6.1.
    var headers: [(name: String, value: String)] {
        (allow.map { [("Allow", $0)] } ?? [])
            + (status == 401 ? [("WWW-Authenticate", #"Bearer realm="e2b-fcgi""#)] : [])
    }

    static let shuttingDown = Refusal(
        status: 503, "\(InterpreterError.shuttingDown)", retryAfter: .seconds(5))

    static let outOfMemory = Refusal(
        status: 429, "The service's memory is taken by other requests. Try again in a few seconds.",
        retryAfter: .seconds(5))

    static let withoutAPIKey = Refusal(
        status: 502, "E2B_API_KEY is not set, so no code can be run. The operator has to set it.")

    /// The caller hung up, and only the log shows this; or the responder stops and waits no longer, which ``Responder`` makes
    /// a 503.
    static let cancelled = Refusal(
        status: 499, "It was stopped before its end: the caller hung up, or the service is shutting down.")
}

extension Refusal {
    /// Sessions are for actions, whose failures are no statuses.
    init(_ error: InterpreterError) {
        switch error {
        case .busy, .ownerBusy, .ownerQueueBusy: self.init(status: 429, "\(error)", retryAfter: .seconds(5))
        case .cancelled: self = .cancelled
        case .shuttingDown: self = .shuttingDown
        case .tooManySandboxes: self.init(status: 429, "\(error)")
        case .noSession, .sessionEnded, .noFile: self.init(status: 404, "\(error)")
        case .notASandboxID, .timeLimitTooLong, .unsafeVariable, .contentTooLarge, .notWritable, .notReadable,
            .isDirectory, .fileTooLarge, .bytesNotShown, .holdsSecret, .portTaken:
            self.init(badRequest: "\(error)")
        }
    }

    /// The only place that knows both E2B's errors and our statuses.
    init(_ error: E2BError) {
        let sentence = "\(error)"
        switch error {
        case .rateLimited(_, _, let retryAfter):
            // E2B's limit on sandboxes comes without a time: one ends when an execution does.
            self.init(status: 429, sentence, retryAfter: retryAfter ?? .seconds(10))
        case .noCapacity(_, _, let retryAfter):
            self.init(status: 503, sentence, retryAfter: retryAfter ?? .seconds(10))
        case .timedOut, .executionTimedOut, .notStarted:
            self.init(status: 504, sentence)
        case .outOfMemory: self = .outOfMemory
        case .outOfDescriptors: self.init(status: 503, sentence, retryAfter: .seconds(5))
        case .shutDown: self = .shuttingDown
        case .cancelled: self = .cancelled
        case .unreachable, .tls, .unauthorized, .notFound, .sandboxGone, .refused, .broken, .tooLarge,
            .invalidConfiguration:
            self.init(status: 502, sentence)
        }
    }
}

extension FastCGIRequest {
    /// The whole of the body.
    ///
    /// - Parameters:
    ///   - limit: bytes; 413 beyond.
    ///   - memory: grows by what the body takes, after a while if there is no room at once, or the answer is 429.
    mutating func wholeBody(
        upTo limit: Int, holding memory: ByteBudget.Reservation
    ) async throws(Refusal) -> [UInt8] {
        do throws(FastCGIError) {
            return try await body.collect(upTo: limit) { await memory.grow(to: $0, within: ByteBudget.patience) }
        } catch {
            switch error {
            case .bodyTooLarge(let limit):
                throw Refusal(status: 413, "The body is too large: the limit is \(limit) bytes.")
            case .noMemoryForBody: throw .outOfMemory
            case .cancelled: throw .cancelled
            default: throw Refusal(badRequest: "The body is not as long as Content-Length says.")
            }
        }
    }
}
