/// An object that an ``EventLoop`` serves. It owns watched descriptors, timers, and a queue that other threads post to.
///
/// The loop's thread makes all calls, and none of them may wait.
package protocol EventSource: AnyObject {
    /// Handles what other threads have posted, and timers that are due.
    ///
    /// The loop calls it before each wait, so it has to be quick if there is nothing to do.
    func turn() -> Turn

    /// Called when a descriptor is ready, or broken.
    ///
    /// - Parameters:
    ///   - id: what the source chose when it began to watch the descriptor. The descriptor may not be watched any more,
    ///     if an earlier event has changed that.
    ///   - events: as in `EPOLLIN`.
    func react(to id: UInt64, _ events: UInt32)
}

/// The result of a turn.
package enum Turn {
    /// The source needs another turn at that time at the latest; nil if it has no timer.
    case again(ContinuousClock.Instant?)
    /// The source has ended. The loop drops it.
    case over
}
