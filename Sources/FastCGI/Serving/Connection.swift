internal import Budget
internal import CLinux
internal import Glibc

/// A connection of a web server, which carries one request. Only the server's thread uses it.
final class Connection {
    /// What the connection waits for.
    enum Phase {
        /// The begin record and the params.
        case head
        /// Memory for the body.
        case memory
        /// Stdin.
        case body
        /// The handler.
        case handler
        /// The web server, which reads the response.
        case response
        /// The end of a request whose rest is read and dropped. See ``ServerLoop/finish(_:)``.
        case lingering
        /// Nothing: its socket is closed.
        case ended
    }

    let id: UInt64
    let socket: CInt
    private(set) var phase = Phase.head
    /// When its phase began, or when bytes were last read or written.
    private(set) var lastProgress: ContinuousClock.Instant
    /// When the server has to check the connection again; nil for never.
    var due: ContinuousClock.Instant?
    /// The events that the epoll set watches it for; nil if it is not in the set.
    var interest: UInt32?

    var parser = RequestParser()
    var params: [String: String] = [:]
    var body: BodyBuffer?
    /// When the body is given up, even if bytes of it still arrive.
    var bodyDeadline: ContinuousClock.Instant?
    /// When the body has waited long enough for memory.
    var memoryDeadline: ContinuousClock.Instant?
    /// The memory that is reserved for the body. It is handed over with the request.
    var reservation: ByteBudget.Reservation?
    /// Bytes of the body that arrived before there was memory for it.
    var unread: [UInt8] = []
    /// Whether the web server may still be sending a body that nobody reads.
    var isStdinUnread = false
    var task: Task<Void, Never>?
    /// Whether the web server has hung up while the handler runs.
    var isAbandoned = false
    var response: ResponseRecords?

    init(id: UInt64, socket: CInt, at now: ContinuousClock.Instant) {
        self.id = id
        self.socket = socket
        lastProgress = now
        // A response is written in few large pieces, so Nagle's algorithm would only delay the last one. The call fails
        // for a Unix socket, which has no such delay.
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

    /// Reads what has arrived, in order to drop it.
    ///
    /// - Returns: the number of bytes; 0 at the end; -1 if there are none now, or the connection is broken, as `errno`
    ///   says.
    func readUnread(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        recv(socket, buffer.baseAddress, buffer.count, 0)
    }
}
