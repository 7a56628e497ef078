/// The limits on executions in flight, on the queue for them, and on one owner's part of both.
package struct ExecutionLimits: Equatable, Sendable {
    /// The largest number of executions and actions in flight, of all owners together.
    package var places: Int
    /// The largest number of executions and actions in flight of one owner.
    package var share: Int
    /// The largest number of requests that wait for a place.
    package var queue: Int
    /// The longest time for which a request waits for a place.
    package var wait: Duration
    /// The largest number of sandboxes that the sessions of one owner may have; nil if only E2B limits it.
    package var ownerSandboxes: Int?
    /// The limits of single keys, by their names.
    package var keys: [String: KeyLimits]
    /// The number of sandboxes that are created ahead.
    package var warm: Int
    /// The largest number of sandboxes that are created in a second; nil if only E2B limits it.
    package var creationRate: Int?

    package init(
        places: Int, share: Int, queue: Int, wait: Duration, ownerSandboxes: Int? = nil,
        keys: [String: KeyLimits] = [:],
        warm: Int = 0, creationRate: Int? = nil
    ) {
        self.keys = keys
        self.warm = warm
        self.creationRate = creationRate
        self.places = places
        self.share = share
        self.queue = queue
        self.wait = wait
        self.ownerSandboxes = ownerSandboxes
    }

    /// The largest number of requests that are worked on or wait for that. Each takes a connection of the web server.
    package var requests: Int { places + queue }

    /// The largest number of connections to E2B's API, and to sandboxes: one for each place, and some for sandboxes
    /// that are being ended or created ahead meanwhile.
    package var connections: Int { creations + 32 }

    /// The largest number of creations in progress.
    package var creations: Int { places + warm }

    /// Makes what holds creations back; nil if nothing does.
    package func makeGovernor() -> CreationGovernor? {
        creationRate.map { CreationGovernor(rate: $0, longestWait: wait) }
    }
}
