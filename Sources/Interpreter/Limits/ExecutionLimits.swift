/// How many requests are worked on at a time, how many wait until then, and what one owner may have of that.
package struct ExecutionLimits: Equatable, Sendable {
    /// Executions and actions in flight, of all owners together. Each takes a connection to E2B's API, and one to its sandbox.
    package var places: Int
    /// The same, of one owner.
    package var share: Int
    /// Requests that wait for a place.
    package var queue: Int
    /// How long one of them waits.
    package var wait: Duration
    /// Sandboxes that the sessions of one owner may have; nil: E2B's own limit has to do.
    package var ownerSandboxes: Int?

    package init(places: Int, share: Int, queue: Int, wait: Duration, ownerSandboxes: Int? = nil) {
        self.places = places
        self.share = share
        self.queue = queue
        self.wait = wait
        self.ownerSandboxes = ownerSandboxes
    }

    /// Requests that take a connection of the web server's each.
    package var requests: Int { places + queue }

    /// Connections to E2B's API, and as many to sandboxes: one for each place, and some for sandboxes that are being ended
    /// meanwhile.
    package var connections: Int { places + 32 }
}
