package import FoundationEssentials
import System

/// The reason why the interpreter did not do its work. Failures of E2B are `E2BError`s.
///
/// The description says what is wrong. Each surface adds its own advice, because the actions have other names there.
package enum InterpreterError: Error, Equatable, Sendable {
    /// All places for executions are taken.
    case busy(limit: Int)
    /// The owner has as many executions in flight as one owner may have.
    case ownerBusy(limit: Int)
    /// The queue is full, and the owner has more requests in it than others.
    case ownerQueueBusy
    /// The caller hung up while the request waited for a place.
    case cancelled
    case shuttingDown
    /// The owner has as many sandboxes as one owner may have.
    case tooManySandboxes(limit: Int)
    /// The session has no sandbox.
    case noSession(String)
    /// The session's sandbox has ended. Its time would have ended, or did end, at `due`.
    case sessionEnded(String, due: Date)
    /// The session's sandbox was paused, and nobody used it for as long as one is kept.
    case sessionUnused(String, days: Int)
    /// The text cannot be the id of a sandbox.
    case notASandboxID
    /// The caller asked for more time than the operator allows.
    case timeLimitTooLong(maximum: Duration)
    /// A variable of the sandbox has a value that would break every execution. Protocol.md, 5.6.
    case unsafeVariable(String)
    /// The content of a file is too large. `limit` is in bytes.
    case contentTooLarge(limit: Int)
    case notWritable(String, why: String)
    case notReadable(String, why: String)
    case noFile(String)
    case isDirectory(String)
    /// A file is too large to be read. `limit` is in bytes.
    case fileTooLarge(String, limit: Int)
    /// A file that is not text, or whose bytes were asked for, is too large for an answer.
    case bytesNotShown(String, count: Int, wereAskedFor: Bool)
    /// A file has the value of a secret variable, and its bytes cannot be changed.
    case holdsSecret(String, name: String)
    case portTaken(Int)
    /// A file that the store does not take.
    case notShared(String, why: String)
}

extension InterpreterError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .busy(let limit): "All \(limit) places for executions are taken. Try again in a few seconds."
        case .ownerBusy(let limit):
            "Your own requests have all places for executions that one caller may have (\(limit)). Try again in a few seconds."
        case .ownerQueueBusy:
            "More of your own requests wait for a place already than of other callers, who come first. Try again in a few "
                + "seconds."
        case .cancelled: "The request was cancelled while it waited for a place."
        case .tooManySandboxes(let limit):
            "You have \(limit) sandboxes, as many as one caller may have."
        case .shuttingDown: "The service is shutting down. Try again in a few seconds."
        case .noSession(let name): "There is no sandbox of the session \(name)."
        case .sessionEnded(let name, let due): "The sandbox of the session \(name) has ended: \(Self.end(due: due))."
        case .sessionUnused(let name, let days):
            "The sandbox of the session \(name) has ended: \(Self.end(unusedFor: days))."
        case .notASandboxID: "That is no sandbox's id."
        case .timeLimitTooLong(let maximum): "More than \(maximum.words) may not be asked for."
        case .unsafeVariable(let name):
            "The variable \(name) has a quote, a backslash or a line break, which would break every execution."
        case .contentTooLarge(let limit): "A file may have at most \(limit) bytes."
        case .notWritable(let path, let why): "\(path) cannot be written: \(why)."
        case .notReadable(let path, let why): "\(path) cannot be read: \(why)."
        case .noFile(let path): "There is no file \(path) in the sandbox."
        case .isDirectory(let path): "\(path) is a directory."
        case .fileTooLarge(let path, let limit): "\(path) is larger than \(limit) bytes."
        case .bytesNotShown(let path, let count, let wereAskedFor):
            "\(path) is \(wereAskedFor ? "too large for an answer" : "not text, and too large for base64") (\(count) bytes)."
        case .holdsSecret(let path, let name):
            "\(path) holds the value of the hidden variable \(name): it is not shown in base64."
        case .notShared(let path, let why): "There is no link to \(path). \(why)"
        case .portTaken(let port): "Another server answers at port \(port)."
        }
    }

    /// Tells why a session's sandbox has ended, as a part of a sentence.
    package static func end(due: Date) -> String {
        due <= .now
            ? "its time ran out at \(due.written)"
            : "it was killed, or ran out of memory, before its time (\(due.written))"
    }

    /// The same for a paused one that nobody used.
    package static func end(unusedFor days: Int) -> String { "nobody used it for \(days) day\(days == 1 ? "" : "s")" }
}
