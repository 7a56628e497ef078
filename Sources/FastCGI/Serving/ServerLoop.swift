internal import CLinux
internal import EventLoop
internal import Glibc

/// The loop of the server's thread, which accepts connections, reads requests, starts their handlers, and sends the
/// responses, all without blocking.
///
/// No web server affects another one by being silent, slow or stuck. A connection costs a descriptor and the memory of
/// bytes that it has sent or has not yet read, and both are limited. Handlers run on other threads. A handler is
/// started when the head has arrived; it reads the body, and may write the response while it is sent.
///
///     head → body → handler → response → lingering
///
/// A hang-up ends a connection in any phase, and cancels its handler.
final class ServerLoop: EventSource {
    let limits: ServerLimits
    let executor: HandlerExecutor
    let handler: Handler
    let eventQueue: ServerEventQueue
    private let listener: CInt
    private let isTCP: Bool
    private let peerCheck: PeerCheck
    private let set: EventSet
    private let onEnd: @Sendable () -> Void
    private var hasStarted = false

    var connections: [UInt64: Connection] = [:]
    /// The buffer into which all connections are read, one after the other.
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)
    private var lastID = lastReserved
    /// The bytes of responses that web servers have not read yet.
    var unsentCount = 0
    private var isListening = false
    private var isStopping = false
    private(set) var isCancelling = false
    /// The time of the next wake-up, which is not later than the first timer of a connection.
    private var nextWakeUp: ContinuousClock.Instant?

    /// Identifiers in the epoll set that are not connections.
    private static let listenerID: UInt64 = 0
    private static let lastReserved: UInt64 = 0

    /// - Parameters:
    ///   - listener: a non-blocking socket.
    ///   - set: of the loop that this is added to.
    init(
        listener: CInt, peerCheck: PeerCheck, eventQueue: ServerEventQueue, limits: ServerLimits, set: EventSet,
        executor: @escaping HandlerExecutor, handler: @escaping Handler, onEnd: @escaping @Sendable () -> Void
    ) {
        self.listener = listener
        isTCP = SocketAddress(of: listener)?.family != AF_UNIX
        self.peerCheck = peerCheck
        self.eventQueue = eventQueue
        self.limits = limits
        self.executor = executor
        self.handler = handler
        self.set = set
        self.onEnd = onEnd
    }

    deinit {
        buffer.deallocate()
        onEnd()
    }

    /// Handles events and timers. The server is over when the event queue says stop, or the listener is broken, and the
    /// last connection has ended.
    func turn() -> Turn {
        if !hasStarted {
            hasStarted = true
            resumeListening()
        }
        handleEvents()
        if nextWakeUp != nil { runTimers(at: .now) }
        return isStopping && connections.isEmpty ? .over : .again(nextWakeUp)
    }

    func react(to id: UInt64, _ events: UInt32) {
        if id == Self.listenerID { return accept() }
        // An earlier event may have ended this connection.
        if let connection = connections[id] { react(connection, events) }
    }

    private func handleEvents() {
        let events = eventQueue.take()
        if events.isStopping, !isStopping { stop() }
        if events.isCancelling, !isCancelling {
            isCancelling = true
            for connection in connections.values { connection.task?.cancel() }
        }
        for (id, event) in events.events {
            if let connection = connections[id] { take(event, of: connection) }
        }
    }

    private func stop() {
        isStopping = true
        pauseListening()
        // Connections without a request need not be waited for.
        for connection in connections.values where connection.phase == .head {
            setTimer(of: connection, to: min(connection.due ?? .now, .now + ServerLimits.idleGrace))
        }
    }

    // MARK: The epoll set

    /// Watches a connection, level-triggered.
    func watch(_ connection: Connection, for interest: UInt32) {
        guard connection.interest != interest else { return }
        let isKnown = connection.interest != nil
        guard set.watch(connection.socket, as: connection.id, for: interest, isKnown: isKnown) else {
            return drop(connection)
        }
        connection.interest = interest
    }

    func unwatch(_ connection: Connection) {
        guard connection.interest != nil else { return }
        set.forget(connection.socket)
        connection.interest = nil
    }

    // MARK: Listening

    private func resumeListening() {
        guard !isListening, !isStopping else { return }
        // EPOLLEXCLUSIVE makes a new connection wake one of the processes that share the socket, and not all.
        isListening = set.watch(
            listener, as: Self.listenerID, for: EPOLLIN.rawValue | EPOLLEXCLUSIVE.rawValue, isKnown: false)
        if !isListening { isStopping = true }
    }

    private func pauseListening() {
        guard isListening else { return }
        set.forget(listener)
        isListening = false
    }

    private func accept() {
        // New connections must not keep those that are open from being served.
        for _ in 0..<64 {
            let now = ContinuousClock.now
            if connections.count >= limits.connections {
                guard isAwaited else { return }
                guard dropIdleConnection(at: now) else { return pauseAccepting(at: now) }
            }
            let flags = SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue
            let socket = clinux_accept4(listener, nil, nil, CInt(flags))
            if socket >= 0 {
                if peerCheck.admits(socket) { add(socket, at: now) } else { close(socket) }
                continue
            }
            switch errno {
            case EAGAIN: return
            case EBADF, EINVAL, ENOTSOCK:
                // Another process that shares the listener has shut it down. epoll would report it as ready for ever.
                return stop()
            case EMFILE, ENFILE, ENOBUFS, ENOMEM:
                // accept4 may fail for want of a descriptor although no connection waits.
                guard isAwaited else { return }
                // The connection stays in the backlog until there is a descriptor for it.
                guard dropIdleConnection(at: now) else { return pauseAccepting(at: now) }
            default: continue  // EINTR, or the connection's own end.
            }
        }
    }

    /// Whether a connection waits in the listener's backlog. Only then is an idle connection closed for it.
    private var isAwaited: Bool {
        var listener = pollfd(fd: listener, events: Int16(POLLIN), revents: 0)
        return poll(&listener, 1, 0) > 0
    }

    private func pauseAccepting(at now: ContinuousClock.Instant) {
        pauseListening()
        wakeUp(by: now + .milliseconds(50))
    }

    private func add(_ socket: CInt, at now: ContinuousClock.Instant) {
        lastID += 1
        let connection = Connection(id: lastID, socket: socket, isTCP: isTCP, at: now)
        connections[connection.id] = connection
        setTimer(of: connection, to: now + limits.head)
        // The request has mostly arrived already.
        read(connection)
    }

    /// Closes the connection that has been idle for the longest time because its web server sends nothing, or reads
    /// nothing of its response. A connection that waits for its handler is never closed.
    ///
    /// - Returns: false if there is no such connection.
    private func dropIdleConnection(at now: ContinuousClock.Instant) -> Bool {
        dropMostIdle(at: now) { connection in
            switch connection.phase {
            case .head, .body, .lingering: true
            case .handler: connection.body.isAwaited
            case .response: connection.response?.isIdle == false
            case .ended: false
            }
        }
    }

    /// Closes the connection that has been idle for the longest time among those that `isMeant` accepts.
    private func dropMostIdle(at now: ContinuousClock.Instant, where isMeant: (Connection) -> Bool) -> Bool {
        let idle = connections.values.filter { isMeant($0) && $0.lastProgress <= now - ServerLimits.idleGrace }
        guard let connection = idle.min(by: { $0.lastProgress < $1.lastProgress }) else { return false }
        drop(connection)
        return true
    }

    // MARK: Time

    func setTimer(of connection: Connection, to due: ContinuousClock.Instant) {
        connection.due = due
        wakeUp(by: due)
    }

    func wakeUp(by due: ContinuousClock.Instant) { nextWakeUp = min(nextWakeUp ?? due, due) }

    private func runTimers(at now: ContinuousClock.Instant) {
        guard let nextWakeUp, nextWakeUp <= now else { return }
        self.nextWakeUp = nil
        for connection in Array(connections.values) {
            if let due = connection.due, due <= now { expire(connection, at: now) }
        }
        while unsentCount > limits.unsent,
            dropMostIdle(at: now, where: { $0.phase == .response && $0.response?.isIdle == false })
        {}
        if unsentCount > limits.unsent { wakeUp(by: now + .milliseconds(250)) }
        if !isListening, !isStopping {
            if connections.count < limits.connections || !isAwaited || dropIdleConnection(at: now) {
                resumeListening()
            } else {
                wakeUp(by: now + .milliseconds(50))
            }
        }
        if let first = connections.values.lazy.compactMap(\.due).min() { wakeUp(by: first) }
    }

    /// Closes a connection without sending anything. If its handler still runs, the handler is cancelled, and the
    /// connection counts until the handler has ended.
    func drop(_ connection: Connection) {
        unsentCount -= connection.response?.heldCount ?? 0
        connection.response = nil
        // Closing the descriptor removes it from the epoll set, because no other process shares it.
        connection.end()
        if let task = connection.task {
            connection.isAbandoned = true
            // The streams are closed first, so that a cancelled handler finds them closed.
            connection.body.refuse()
            connection.responseStream?.close()
            task.cancel()
            guard let stream = connection.responseStream, stream.isOver else { return }
        }
        guard connections.removeValue(forKey: connection.id) != nil else { return }
        if connections.count < limits.connections { resumeListening() }
    }
}
