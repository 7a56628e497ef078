/// Where a port of a sandbox is reached from outside. Protocol.md, 1.1.
public struct SandboxAddress: Equatable, Sendable {
    /// A host name, perhaps with a port: `8080-<id>.e2b.app`.
    public var host: String
    /// `https://8080-<id>.e2b.app`; `http` where the host is this machine.
    public var url: String

    public init(host: String, url: String) {
        self.host = host
        self.url = url
    }
}
