/// What becomes of a session's sandbox when its time is over.
package struct SessionEnd: Equatable, Sendable {
    /// It is paused, and resumed at its next use. Otherwise it is killed.
    package var isPause: Bool
    /// How long a paused one is kept for its next use.
    package var keepDays: Int

    package init(isPause: Bool = false, keepDays: Int = 7) {
        self.isPause = isPause
        self.keepDays = keepDays
    }
}

/// How a sandbox of a session is used.
package struct SessionUse: Sendable {
    /// How long the sandbox lives after its last use; nil: as long as its metadata say.
    var idle: Duration?
    /// How long the use may take; nil: it does not count as one.
    var time: Duration?
    /// Gets what has become of the sandbox since its last use.
    var notes: CallNotes?

    /// One that does not prolong the sandbox's life.
    static let lookingOnly = SessionUse()
}
