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
    private(set) var limits: ServerLimits
    let executor: HandlerExecutor
    let handler: Handler
    let eventQueue: ServerEventQueue
    private let listeners: [ListeningSocket]
    private let set: EventSet
    private let onEnd: @Sendable () -> Void
    private let onAnswered: @Sendable () -> Void
    private var hasStarted = false

    var connections: [UInt64: Connection] = [:]
    /// The buffer into which all connections are read, one after the other.
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)
    private var lastID: UInt64
    /// The bytes of responses that web servers have not read yet.
    var unsentCount = 0
    private var isListening = false
    private var isStopping = false
    private(set) var isCancelling = false
    private var isAllAnswered = false
    /// Until then a connection may come to a socket of our own, because its web server began to connect before nobody could any
    /// more.
    private var lastLook = ContinuousClock.now
    /// The time of the next wake-up, which is not later than the first timer of a connection.
    private var nextWakeUp: ContinuousClock.Instant?

    /// - Parameters:
    ///   - set: of the loop that this is added to.
    ///   - onAnswered: called once, when the server stops and the last handler has ended. Web servers may still have to read the
    ///     responses.
    init(
        listeners: [ListeningSocket], eventQueue: ServerEventQueue, limits: ServerLimits, set: EventSet,
        executor: @escaping HandlerExecutor, handler: @escaping Handler, onAnswered: @escaping @Sendable () -> Void,
        onEnd: @escaping @Sendable () -> Void
    ) {
        self.listeners = listeners
        // The identifiers below these numbers are those of the listeners in the epoll set.
        lastID = UInt64(listeners.count)
        self.onAnswered = onAnswered
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
        if isStopping, let end = turnWhileStopping(at: .now) { return end }
        return .again(nextWakeUp)
    }

    func react(to id: UInt64, _ events: UInt32) {
        if id < UInt64(listeners.count) { return accept(from: listeners[Int(id)]) }
        // An earlier event may have ended this connection.
        if let connection = connections[id] { react(connection, events) }
    }

    private func handleEvents() {
        let events = eventQueue.take()
        if let limits = events.limits { self.limits = limits }
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
        guard !isStopping else { return }
        isStopping = true
        pauseListening()
        lastLook = .now + ServerLimits.lastLook
        wakeUp(by: lastLook)
        // Connections without a request need not be waited for.
        for connection in connections.values where connection.phase == .head {
            setTimer(of: connection, to: min(connection.due ?? .now, .now + ServerLimits.idleGrace))
        }
    }

    /// - Returns: nil if there is still something to do.
    private func turnWhileStopping(at now: ContinuousClock.Instant) -> Turn? {
        // What waits at a socket of our own is nobody else's. At an inherited one the next process takes it.
        for listener in listeners where listener.isOwn && listener.isAwaited { accept(from: listener, limit: .max) }
        guard now >= lastLook || !listeners.contains(where: \.isOwn) else { return nil }
        // A Unix socket's file is gone by now. A TCP socket that nobody accepts from must refuse at once, so that a web server
        // turns to another responder.
        for listener in listeners where listener.isOwn && listener.isTCP {
            shutdown(listener.descriptor, CInt(SHUT_RDWR))
        }
        if !isAllAnswered, connections.values.allSatisfy(\.isAnswered) {
            isAllAnswered = true
            onAnswered()
        }
        return connections.isEmpty ? .over : nil
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
        isListening = true
        for (id, listener) in listeners.enumerated() {
            // EPOLLEXCLUSIVE makes a new connection wake one of the processes that share the socket, and not all.
            let isWatched = set.watch(
                listener.descriptor, as: UInt64(id), for: EPOLLIN.rawValue | EPOLLEXCLUSIVE.rawValue, isKnown: false)
            guard isWatched else { return stop() }
        }
    }

    private func pauseListening() {
        guard isListening else { return }
        for listener in listeners { set.forget(listener.descriptor) }
        isListening = false
    }

    /// - Parameter limit: the number of connections, because new ones must not keep those that are open from being served.
    private func accept(from listener: ListeningSocket, limit: Int = 64) {
        for _ in 0..<limit {
            let now = ContinuousClock.now
            if connections.count >= limits.connections {
                guard listener.isAwaited else { return }
                guard dropIdleConnection(at: now) else { return pauseAccepting(at: now) }
            }
            let flags = SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue
            let socket = clinux_accept4(listener.descriptor, nil, nil, CInt(flags))
            if socket >= 0 {
                if listener.peerCheck.admits(socket) {
                    add(socket, isTCP: listener.isTCP, at: now)
                } else {
                    close(socket)
                }
                continue
            }
            switch errno {
            case EAGAIN: return
            case EBADF, EINVAL, ENOTSOCK:
                // Another process that shares the listener has shut it down. epoll would report it as ready for ever.
                return stop()
            case EMFILE, ENFILE, ENOBUFS, ENOMEM:
                // accept4 may fail for want of a descriptor although no connection waits.
                guard listener.isAwaited else { return }
                // The connection stays in the backlog until there is a descriptor for it.
                guard dropIdleConnection(at: now) else { return pauseAccepting(at: now) }
            default: continue  // EINTR, or the connection's own end.
            }
        }
    }

    /// Whether a connection waits in a listener's backlog. Only then is an idle connection closed for it.
    private var isAwaited: Bool { listeners.contains(where: \.isAwaited) }

    private func pauseAccepting(at now: ContinuousClock.Instant) {
        pauseListening()
        wakeUp(by: now + .milliseconds(50))
    }

    private func add(_ socket: CInt, isTCP: Bool, at now: ContinuousClock.Instant) {
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
        if isStopping, lastLook > now { wakeUp(by: lastLook) }
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
