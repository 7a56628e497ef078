package import FoundationEssentials

/// Why the interpreter did not do what was asked for. What E2B did not do is an `E2BError`.
package enum InterpreterError: Error, Equatable, Sendable {
    /// As many executions are in flight as may be.
    case busy(limit: Int)
    case shuttingDown
    /// There is no sandbox of this session.
    case noSession(String)
    /// There was one, whose time runs or ran out at `due`.
    case sessionEnded(String, due: Date)
}

extension InterpreterError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .busy(let limit): "All \(limit) places for executions are taken. Try again in a few seconds."
        case .shuttingDown: "The service is shutting down. Try again in a few seconds."
        case .noSession(let id):
            "No sandbox found for sessionId \(id). Please create one using the 'create' action."
        case .sessionEnded(let id, let due):
            "The sandbox of sessionId \(id) has ended: \(Self.end(due: due)). Please create another one using the 'create' "
                + "action."
        }
    }

    private static func end(due: Date) -> String {
        due <= .now
            ? "its time ran out at \(due.written)"
            : "it was killed, or ran out of memory, before its time (\(due.written))"
    }
}
