import E2B
import FastCGI
import FoundationEssentials
import Interpreter
import System

/// An error response: a status, and a sentence for people.
struct Refusal: Error, Equatable {
    let status: Int
    let sentence: String
    /// The sentence for the log, if ``sentence`` repeats text of the caller, which may be code.
    var logged: String?
    /// The time after which another attempt may succeed; nil if waiting does not help.
    var retryAfter: Duration?
    /// The methods that the path does allow, for status 405.
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

    /// The headers that HTTP requires with the status (RFC 9110, sections 10.2.1 and 11.6.1).
    var headers: [(name: String, value: String)] {
        (allow.map { [("Allow", $0)] } ?? [])
            + (status == 401 ? [("WWW-Authenticate", #"Bearer realm="e2b-fcgi""#)] : [])
    }

    static let shuttingDown = Refusal(
        status: 503, "\(InterpreterError.shuttingDown)", retryAfter: .seconds(5))

    static let outOfMemory = Refusal(
        status: 429, "The service's memory is taken by other requests. Try again in a few seconds.",
        retryAfter: .seconds(5))

    static let outOfOwnMemory = Refusal(
        status: 429,
        "Your own requests have all the memory that one caller may have. Try again in a few seconds.",
        retryAfter: .seconds(5))

    /// The daily budget of a key is used up.
    ///
    /// - Parameters:
    ///   - part: what is used up.
    ///   - pause: the time until there is a new budget.
    static func budgetUsed(_ part: String, renewedIn pause: Duration) -> Refusal {
        let time = Date.now.addingTimeInterval(pause.inSeconds).written
        return Refusal(
            status: 429,
            "The budget of this key for today is used up (\(part)). It is renewed at \(time). What is there can be listed and ended.",
            retryAfter: pause)
    }

    static let withoutAPIKey = Refusal(
        status: 502, "E2B_API_KEY is not set, so no code can be run. The operator has to set it.")

    /// The request was cancelled. If the caller hung up, only the log shows this status; if the responder is stopping,
    /// ``Responder`` changes it to 503.
    static let cancelled = Refusal(
        status: 499,
        "It was stopped before its end: the caller hung up or cancelled it, or the service is shutting down.")
}

extension Refusal {
    /// Makes the refusal for `POST /execute`. Errors about sessions do not occur there, but have a status all the same.
    init(_ error: InterpreterError) {
        switch error {
        case .busy, .ownerBusy, .ownerQueueBusy: self.init(status: 429, "\(error)", retryAfter: .seconds(5))
        case .cancelled: self = .cancelled
        case .shuttingDown: self = .shuttingDown
        case .tooManySandboxes: self.init(status: 429, "\(error)")
        case .noSession, .sessionEnded, .sessionUnused, .noFile: self.init(status: 404, "\(error)")
        case .notASandboxID, .timeLimitTooLong, .unsafeVariable, .contentTooLarge, .notWritable, .notReadable,
            .isDirectory, .fileTooLarge, .bytesNotShown, .holdsSecret, .portTaken, .notShared:
            self.init(badRequest: "\(error)")
        }
    }

    /// Makes the refusal for an error of E2B. No other code maps E2B's errors to statuses.
    init(_ error: E2BError) {
        let sentence = "\(error)"
        switch error {
        case .rateLimited(_, _, let retryAfter):
            // E2B's limit of sandboxes comes without a time, and a sandbox ends whenever an execution does.
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
    /// Reads the whole body.
    ///
    /// - Parameters:
    ///   - beginning: what has been read of the body already.
    ///   - limit: the largest number of bytes. A larger body is refused with status 413.
    ///   - memory: the reservation, which grows by the body's size.
    ///   - free: a body of at most so many bytes needs no reservation. A connection's buffer may hold as much.
    /// - Throws: ``Refusal``, with status 429 if there is no memory for the body within a while.
    mutating func wholeBody(
        after beginning: consuming [UInt8] = [], upTo limit: Int, holding memory: ByteBudget.Reservation,
        free: Int = 0
    ) async throws(Refusal) -> [UInt8] {
        do throws(FastCGIError) {
            return try await body.collect(upTo: limit, after: beginning) { count in
                guard count > free else { return true }
                return await memory.grow(to: count)
            }
        } catch .noMemoryForBody {
            throw memory.isShareTaken ? .outOfOwnMemory : .outOfMemory
        } catch {
            throw Refusal(error)
        }
    }
}

extension Refusal {
    /// Why a body could not be read.
    init(_ error: FastCGIError) {
        switch error {
        case .bodyTooLarge(let limit):
            self.init(status: 413, "The body is too large: the limit is \(limit) bytes.")
        case .noMemoryForBody: self = .outOfMemory
        case .cancelled: self = .cancelled
        default: self.init(badRequest: "The body is not as long as Content-Length says.")
        }
    }
}
