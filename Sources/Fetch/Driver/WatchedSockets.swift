import CCurl
import CLinux
import EventLoop

/// The sockets of libcurl that the driver's event loop watches.
///
/// libcurl lets go of a socket after each transfer, and watches it again for the next one. A socket that it lets go of stays
/// in the set until something happens to it, so that this costs one system call instead of two.
struct WatchedSockets {
    private let set: EventSet
    /// Sockets that libcurl has let go of and that are still in the set, unless they have been closed: that takes them out.
    private var released: Set<CInt> = []

    init(_ set: EventSet) { self.set = set }

    /// - Parameter interest: one of libcurl's `CURL_POLL_...`.
    mutating func watch(_ socket: CInt, _ interest: CInt, isKnown: Bool) -> Bool {
        var events: UInt32 = 0
        if interest & CURL_POLL_IN != 0 { events |= EPOLLIN.rawValue }
        if interest & CURL_POLL_OUT != 0 { events |= EPOLLOUT.rawValue }
        if isKnown { return set.watch(socket, as: UInt64(socket), for: events, isKnown: true) }
        // Where it fails, the socket was closed and this is another one of the same number.
        if released.remove(socket) != nil, set.watch(socket, as: UInt64(socket), for: events, isKnown: true) {
            return true
        }
        return set.watch(socket, as: UInt64(socket), for: events, isKnown: false)
    }

    mutating func release(_ socket: CInt) { released.insert(socket) }

    /// Returns the socket of an event and its readiness in libcurl's flags; nil if libcurl has let go of the socket.
    mutating func readiness(of id: UInt64, _ events: UInt32) -> (socket: CInt, readiness: CInt)? {
        let socket = CInt(truncatingIfNeeded: id)
        if released.remove(socket) != nil {
            // The server has closed a connection that waits for its next transfer, for example.
            set.forget(socket)
            return nil
        }
        var readiness: CInt = 0
        if events & EPOLLIN.rawValue != 0 { readiness |= CURL_CSELECT_IN }
        if events & EPOLLOUT.rawValue != 0 { readiness |= CURL_CSELECT_OUT }
        if events & (EPOLLERR.rawValue | EPOLLHUP.rawValue) != 0 { readiness |= CURL_CSELECT_ERR }
        return (socket, readiness)
    }
}
