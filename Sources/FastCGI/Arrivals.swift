internal import CLinux
internal import Glibc

/// Where one thread waits for connections, beside all the others that wait for the same listener.
struct Arrivals: ~Copyable {
    private let listener: CInt
    private let stop: CInt
    /// `send` and `receive` time limits of a connection: whole microseconds.
    private let sendLimit: timeval
    private let receiveLimit: timeval
    /// The listener with EPOLLEXCLUSIVE: a new connection wakes one thread, not all.
    private let epoll: CInt

    /// - Parameters:
    ///   - listener: does not block.
    ///   - stop: readable, and never drained, once there is to be no further connection.
    init?(listener: CInt, stop: CInt, sendLimit: Duration, receiveLimit: Duration) {
        self.listener = listener
        self.stop = stop
        self.sendLimit = timeval(sendLimit)
        self.receiveLimit = timeval(receiveLimit)
        epoll = epoll_create1(CInt(EPOLL_CLOEXEC))
        guard epoll >= 0 else { return nil }
        let exclusive = EPOLLIN.rawValue | EPOLLEXCLUSIVE.rawValue
        var event = epoll_event(events: exclusive, data: epoll_data(fd: listener))
        guard epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event) == 0 else { return nil }
        event = epoll_event(events: EPOLLIN.rawValue, data: epoll_data(fd: stop))
        guard epoll_ctl(epoll, EPOLL_CTL_ADD, stop, &event) == 0 else { return nil }
    }

    deinit { if epoll >= 0 { close(epoll) } }

    /// Blocks until a connection arrives.
    ///
    /// - Returns: its socket, now the caller's; nil once the server stops, or if the listener is broken.
    func next() -> CInt? {
        while true {
            var event = epoll_event()
            guard epoll_wait(epoll, &event, 1, -1) > 0 else { continue }  // EINTR
            if event.data.fd == stop { return nil }
            // Not FCGX_Accept_r's own accept: it would leave the descriptor open in children, set no time limits
            // before the first read, and wait up to two seconds for a web server that says nothing.
            let socket = clinux_accept4(listener, nil, nil, CInt(SOCK_CLOEXEC.rawValue))
            if socket >= 0 {
                prepare(socket)
                return socket
            }
            switch errno {
            case EBADF, EINVAL, ENOTSOCK:
                // Whoever else holds the listener has shut it down. It would be "ready" for ever.
                return nil
            case EMFILE, ENFILE, ENOBUFS, ENOMEM:
                // The connection stays in the backlog, so epoll_wait would return at once: let a request end first.
                usleep(10_000)
            default:
                continue  // EAGAIN: another thread was faster. The rest is the connection's own end.
            }
        }
    }

    private func prepare(_ socket: CInt) {
        var limit = sendLimit
        setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        limit = receiveLimit
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        // A response is written in few large pieces, and the last one is what the web server waits for. Fails for a
        // Unix socket, which does not wait anyway.
        var yes: CInt = 1
        setsockopt(socket, CInt(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<CInt>.size))
    }
}

extension timeval {
    /// At least a microsecond: zero would mean no limit.
    fileprivate init(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        let microseconds = Int(attoseconds / 1_000_000_000_000)
        self.init(tv_sec: Int(seconds), tv_usec: seconds == 0 ? max(microseconds, 1) : microseconds)
    }
}
