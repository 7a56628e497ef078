/// What `e2b-local` can be told on its command line.
package struct LocalE2BConfiguration: Sendable {
    /// The loopback port; 0 takes any free one.
    package var port: UInt16 = 3002
    /// The loopback port at which the sandboxes' ports are reached; 0 takes any free one.
    package var edgePort: UInt16 = 0
    /// False runs code with this user's full rights. Only for machines where bubblewrap cannot run.
    package var isIsolated = true
    package var network = SandboxNetwork.none
    /// Sandboxes kept started, so that a creation does not wait for a kernel.
    package var warm = 1
    /// Running sandboxes; one more is refused with 429, as E2B does.
    package var maxSandboxes = 20
    /// Bytes of memory that one isolated sandbox may take; nil is 4 GiB, or half of the machine's where that is less.
    package var memory: Int?
    /// What the control API asks for in `X-API-Key`; nil makes one, of E2B's form.
    package var apiKey: String?
    /// Allows `PUT /local/faults`.
    package var allowsFaults = false
    package var faults: [FaultRule] = []

    package init() {}

    var hasNetwork: Bool { !isIsolated || network == .host }
}

/// What code in a sandbox can reach.
package enum SandboxNetwork: String, Sendable, CaseIterable {
    /// Its own loopback.
    case none
    /// All that this machine can reach, this machine's own services included.
    case host
}
