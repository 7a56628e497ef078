/// The settings of `e2b-local`, which its command line sets.
package struct LocalE2BConfiguration: Sendable {
    /// The loopback port; 0 takes any free one.
    package var port: UInt16 = 3002
    /// The loopback port at which the sandboxes' ports are reached; 0 takes any free one.
    package var edgePort: UInt16 = 0
    /// Whether sandboxes are isolated. If not, code runs with this user's full rights, which is meant for machines
    /// where bubblewrap cannot run.
    package var isIsolated = true
    package var network = SandboxNetwork.none
    /// The number of sandboxes that are started ahead of time, so that a creation does not wait for a kernel.
    package var warm = 1
    /// The largest number of running sandboxes. A further one is refused with 429, as E2B does.
    package var maxSandboxes = 20
    /// The largest number of bytes of memory of an isolated sandbox; nil for 4 GiB, or for half of the machine's memory
    /// if that is less.
    package var memory: Int?
    /// The key that the control API requires in `X-API-Key`; nil for a new one in E2B's form.
    package var apiKey: String?
    /// Whether `PUT /local/faults` is allowed.
    package var allowsFaults = false
    package var faults: [FaultRule] = []

    package init() {}

    var hasNetwork: Bool { !isIsolated || network == .host }
}

/// The network that code in a sandbox can reach.
package enum SandboxNetwork: String, Sendable, CaseIterable {
    /// A loopback of its own.
    case none
    /// Everything that this machine can reach, including its own services.
    case host
}
