internal import System

/// The limits of the server: of connections, of their time, and of their memory.
package struct ServerLimits: Sendable {
    /// The largest number of connections at the same time, each of which takes a descriptor. Further connections wait
    /// in the listener's backlog, and idle ones are closed for them.
    package var connections: Int
    /// The longest time from the connection to the end of the params.
    package var head: Duration
    /// The longest time for which a web server may send nothing of stdin.
    package var receive: Duration
    /// The longest time for which a web server may read nothing of a response.
    package var send: Duration
    /// The bytes of responses that web servers have not read. Beyond this limit the connections that have read nothing
    /// for the longest time are closed early.
    package var unsent: Int

    package init(
        connections: Int, head: Duration = .seconds(5), receive: Duration = .seconds(60), send: Duration = .seconds(60),
        unsent: Int = 128 << 20
    ) {
        self.connections = connections
        self.head = head
        self.receive = receive
        self.send = send
        self.unsent = unsent
    }

    /// The number of connections beyond those of long requests: up to 1000, and at most an eighth of the descriptors
    /// that the process may have.
    package static var spareConnections: Int { min(max(OpenFiles.hardLimit / 8, 64), 1000) }

    /// The time for which the rest of a request is read and dropped.
    static let linger = Duration.seconds(2)
    /// The time for which a connection has to be idle before it may be closed for others.
    static let idleGrace = Duration.seconds(1)
    /// The time for which a server that stops looks for connections that were being made. It is far more than a connect(2) takes.
    static let lastLook = Duration.milliseconds(50)
}
