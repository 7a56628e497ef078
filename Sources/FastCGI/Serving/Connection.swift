internal import CLinux
internal import Glibc

/// A connection of a web server, which carries one request. Only the server's thread uses it.
final class Connection {
    /// The phase of a connection, named for what the connection waits for.
    enum Phase {
        /// The begin record and the params.
        case head
        /// The bytes of stdin that have arrived together with the head.
        case body
        /// The handler, which may be reading stdin.
        case handler
        /// The web server, which reads the response, or the handler, which writes it.
        case response
        /// The end of a request whose rest is read and dropped. See ``ServerLoop/finish(_:)``.
        case lingering
        /// The connection waits for nothing, because its socket is closed.
        case ended
    }

    let id: UInt64
    let socket: CInt
    private(set) var phase = Phase.head
    /// The time at which the phase began, or at which bytes were last read or written.
    private(set) var lastProgress: ContinuousClock.Instant
    /// The time at which the server has to check the connection again; nil for never.
    var due: ContinuousClock.Instant?
    /// The events for which the epoll set watches the connection; nil if the connection is not in the set.
    var interest: UInt32?

    var parser = RequestParser()
    var params: [String: String] = [:]
    /// The request's method. The response needs nothing else of the request.
    var method = ""
    var body = IncomingBody()
    var task: Task<Void, Never>?
    /// Whether the web server has hung up while the handler runs, or was too slow.
    var isAbandoned = false
    var response: ResponseRecords?
    /// The rest of the response's body, while the handler writes it.
    var responseStream: ResponseStream?

    /// - Parameter isTCP: whether the socket is one of TCP.
    init(id: UInt64, socket: CInt, isTCP: Bool, at now: ContinuousClock.Instant) {
        self.id = id
        self.socket = socket
        lastProgress = now
        guard isTCP else { return }
        // A response is written in few large pieces, so Nagle's algorithm would only delay the last one.
        var yes: CInt = 1
        setsockopt(socket, CInt(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<CInt>.size))
    }

    deinit { end() }

    /// Closes the socket.
    func end() {
        guard phase != .ended else { return }
        phase = .ended
        interest = nil
        due = nil
        close(socket)
    }

    func enter(_ phase: Phase, at now: ContinuousClock.Instant, due: ContinuousClock.Instant?) {
        self.phase = phase
        self.due = due
        lastProgress = now
    }

    func progress(at now: ContinuousClock.Instant, due: ContinuousClock.Instant?) {
        lastProgress = now
        self.due = due
    }

    /// Whether bytes of the request should be read now.
    var isReading: Bool {
        switch phase {
        case .head: true
        case .body, .handler: body.isWanted
        case .response, .lingering, .ended: false
        }
    }

    /// Whether no request has to be answered any more: the handler has ended, or there never was one.
    var isAnswered: Bool {
        switch phase {
        case .head, .body, .handler: false
        case .response, .lingering, .ended: task == nil
        }
    }

    /// Notes that the handler has ended, and that all of its response was taken.
    func endTask() {
        responseStream = nil
        task = nil
    }

    /// Reads the bytes that have arrived, in order to drop them.
    ///
    /// - Returns: the number of bytes; 0 at the end; -1 if there are none now, or the connection is broken, as `errno`
    ///   says.
    func readUnread(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        recv(socket, buffer.baseAddress, buffer.count, 0)
    }
}
