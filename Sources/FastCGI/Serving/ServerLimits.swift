internal import System

/// What web servers get of a server.
package struct ServerLimits: Sendable {
    /// Requests, and web servers that have yet to send one, at the same time. Further ones wait in the listener's backlog,
    /// and those that keep others waiting make room for them. Each takes a descriptor.
    package var connections: Int
    /// From the connection to the last of the params.
    package var head: Duration
    /// How long nothing may come of stdin.
    package var receive: Duration
    /// How long the web server may take none of a response's bytes.
    package var send: Duration
    /// Bytes of responses that web servers have not taken. Beyond it those that take none are given up sooner.
    package var unsent: Int
    /// How long a body may wait for memory.
    package var memoryWait: Duration

    package init(
        connections: Int, head: Duration = .seconds(5), receive: Duration = .seconds(60), send: Duration = .seconds(60),
        unsent: Int = 128 << 20, memoryWait: Duration = .seconds(3)
    ) {
        self.connections = connections
        self.head = head
        self.receive = receive
        self.send = send
        self.unsent = unsent
        self.memoryWait = memoryWait
    }

    /// Places beside those of long requests: as many as are worth having, and no more than an eighth of the descriptors that
    /// the process may have.
    package static var spareConnections: Int { min(max(OpenFiles.hardLimit / 8, 64), 1000) }

    /// How long the rest of a request that nobody reads may come.
    static let linger = Duration.seconds(2)
    /// How long one that keeps others waiting has before it makes room for them.
    static let idleGrace = Duration.seconds(1)
}
