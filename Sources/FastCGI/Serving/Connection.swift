internal import Budget
internal import CLinux
internal import Glibc

/// A web server's connection, which carries one request. Belongs to the server's thread.
final class Connection {
    /// What it waits for.
    enum Phase {
        /// Begin and params.
        case head
        /// Memory for the body.
        case memory
        /// Stdin.
        case body
        /// The handler.
        case handler
        /// The web server, which reads the response.
        case response
        /// The rest of a request that nobody reads. See ``ServerLoop/finish(_:)``.
        case lingering
        /// Nothing: its socket is closed.
        case ended
    }

    let id: UInt64
    let socket: CInt
    private(set) var phase = Phase.head
    /// When its phase began, or when bytes went to or fro since.
    private(set) var lastProgress: ContinuousClock.Instant
    /// When somebody has to look at it; nil: never.
    var due: ContinuousClock.Instant?
    /// What the epoll set watches it for; nil: it is not in the set.
    var interest: UInt32?

    var parser = RequestParser()
    var params: [String: String] = [:]
    var body: BodyBuffer?
    /// The body is given up then, however much of it still comes.
    var bodyDeadline: ContinuousClock.Instant?
    /// How long the body may wait for memory.
    var memoryDeadline: ContinuousClock.Instant?
    /// For the body. The request takes it along.
    var reservation: ByteBudget.Reservation?
    /// What came before there was memory for it.
    var unread: [UInt8] = []
    /// Whether the web server may still be sending a body that nobody reads.
    var isStdinUnread = false
    var task: Task<Void, Never>?
    /// The web server has hung up; the handler has not ended yet.
    var isAbandoned = false
    var response: ResponseRecords?

    init(id: UInt64, socket: CInt, at now: ContinuousClock.Instant) {
        self.id = id
        self.socket = socket
        lastProgress = now
        // A response is written in few large pieces, and the last one is what the web server waits for. Fails for a
        // Unix socket, which does not wait anyway.
        var yes: CInt = 1
        setsockopt(socket, CInt(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<CInt>.size))
    }

    deinit { end() }

    /// Closes the socket.
    func end() {
        guard phase != .ended else { return }
        phase = .ended
        close(socket)
    }

    func enter(_ phase: Phase, at now: ContinuousClock.Instant, due: ContinuousClock.Instant?) {
        self.phase = phase
        self.due = due
        lastProgress = now
    }

    func progress(at now: ContinuousClock.Instant, due: ContinuousClock.Instant) {
        lastProgress = now
        self.due = due
    }

    /// Reads what has arrived, for nobody.
    ///
    /// - Returns: bytes; 0 at the end, -1 when there is nothing now, or never will be: see `errno`.
    func readUnread(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        recv(socket, buffer.baseAddress, buffer.count, 0)
    }
}
