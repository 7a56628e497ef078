/// How much of what happens is logged: what has at least this weight.
package enum LogLevel: String, CaseIterable, Comparable, Sendable {
    /// The service, or E2B, has failed.
    case error
    /// Somebody did not get what was asked for, or something is not as it should be.
    case warning
    /// Everything that is asked for and done.
    case info
    /// Each call to E2B, too.
    case debug

    package static func < (one: LogLevel, other: LogLevel) -> Bool { one.verbosity < other.verbosity }

    private var verbosity: Int {
        switch self {
        case .error: 0
        case .warning: 1
        case .info: 2
        case .debug: 3
        }
    }
}

/// How a line of the log is written.
package enum LogFormat: String, CaseIterable, Sendable {
    /// One JSON object.
    case json
    /// Words for people: the time, the level, what happened, and `name=value` for the rest.
    case text
}
