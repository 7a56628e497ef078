/// How much a store keeps, and for how long.
package struct StoreLimits: Equatable, Sendable {
    /// The time from the last use after which a file is removed.
    package var lifetime: Duration
    /// The bytes of all files. The ones that were not used for the longest time go first.
    package var bytes: Int
    /// The bytes of one owner's files.
    package var ownerBytes: Int
    /// The bytes that a file counts beside its own, for what the store notes about it: files without bytes must not be without
    /// number.
    package var fileOverhead: Int
    /// The time from the end of a round of the sweep to the beginning of the next one.
    package var sweepPause: Duration
    /// For how long something may be incomplete before it counts as left behind. An upload writes all the time.
    package var patience: Duration

    /// LibreChat asks for a file again within 23 hours, and the run that needs it takes its time.
    package static let shortestLifetime = Duration.seconds(25 * 3600)
    package static let standardLifetime = Duration.seconds(48 * 3600)

    package init(
        lifetime: Duration = standardLifetime, bytes: Int = 10 << 30, ownerBytes: Int = 5 << 30,
        fileOverhead: Int = 4096, sweepPause: Duration = .seconds(600), patience: Duration = .seconds(3600)
    ) {
        self.lifetime = lifetime
        self.bytes = bytes
        self.ownerBytes = ownerBytes
        self.fileOverhead = fileOverhead
        self.sweepPause = sweepPause
        self.patience = patience
    }

    /// What a file of that size counts.
    func cost(_ size: Int) -> Int { size + fileOverhead }
}
