package import FoundationEssentials
import System

/// Why the interpreter did not do what was asked for. What E2B did not do is an `E2BError`.
///
/// The description says what is the matter. What to do about it has other names on each surface, and is for it to say.
package enum InterpreterError: Error, Equatable, Sendable {
    /// As many executions are in flight as may be.
    case busy(limit: Int)
    /// As many of this owner.
    case ownerBusy(limit: Int)
    /// The owner has more requests in the queue for places than others.
    case ownerQueueBusy
    /// The caller went away while the request waited for a place.
    case cancelled
    case shuttingDown
    /// The owner has as many sandboxes as one owner may have.
    case tooManySandboxes(limit: Int)
    /// There is no sandbox of this session.
    case noSession(String)
    /// There was one, whose time runs or ran out at `due`.
    case sessionEnded(String, due: Date)
    /// What E2B would take for no sandbox's id at all.
    case notASandboxID
    /// More time was asked for than the operator allows.
    case timeLimitTooLong(maximum: Duration)
    /// A sandbox's variable whose value would break every execution. Protocol.md, 5.6.
    case unsafeVariable(String)
    /// Bytes.
    case contentTooLarge(limit: Int)
    case notWritable(String, why: String)
    case notReadable(String, why: String)
    case noFile(String)
    case isDirectory(String)
    /// A file. Bytes.
    case fileTooLarge(String, limit: Int)
    /// A file that is not text, or was asked for as bytes, and has too many of them for an answer.
    case bytesNotShown(String, count: Int, wereAskedFor: Bool)
    /// A file with the value of a secret variable in bytes that must be shown as they are, or not at all.
    case holdsSecret(String, name: String)
    case portTaken(Int)
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
        case .portTaken(let port): "Another server answers at port \(port)."
        }
    }

    /// Why a session's sandbox ended.
    package static func end(due: Date) -> String {
        due <= .now
            ? "its time ran out at \(due.written)"
            : "it was killed, or ran out of memory, before its time (\(due.written))"
    }
}
