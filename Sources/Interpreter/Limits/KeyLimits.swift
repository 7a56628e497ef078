import System

/// The limits of one key, for all of its users together. nil: there is none.
package struct KeyLimits: Equatable, Sendable {
    /// The largest number of executions and actions in flight.
    package var concurrent: Int?
    /// Seconds of sandboxes on a day, in UTC.
    package var seconds: Int?
    /// Programs and commands on a day, in UTC.
    package var executions: Int?

    package init(concurrent: Int? = nil, seconds: Int? = nil, executions: Int? = nil) {
        self.concurrent = concurrent
        self.seconds = seconds
        self.executions = executions
    }

    /// The part of the day's budget that is used up, for a sentence; nil if there is something left.
    package func exhausted(by usage: UsageLedger.Usage) -> String? {
        if let seconds, usage.sandboxSeconds >= Double(seconds) {
            return "\(Duration.seconds(seconds).words) of sandboxes"
        }
        if let executions, usage.executions >= executions {
            return executions == 1 ? "1 execution" : "\(executions) executions"
        }
        return nil
    }
}
