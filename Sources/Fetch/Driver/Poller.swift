import CCurl
import CLinux
import Glibc
import System

/// An epoll set of the command queue's eventfd and libcurl's sockets.
///
/// libcurl lets go of a socket after each transfer, and watches it again for the next one. A socket that it lets go of stays
/// in the set until something happens to it, so that this costs one system call instead of two.
final class Poller {
    /// The number of events that a wait reports. Further ones are reported by the next wait.
    private static let capacity = 256

    private let descriptor: CInt
    private let events: UnsafeMutablePointer<epoll_event>
    /// Sockets that libcurl has let go of and that are still in the set, unless they have been closed: that takes them out.
    private var released: Set<CInt> = []

    init() throws(FetchError) {
        descriptor = epoll_create1(CInt(EPOLL_CLOEXEC))
        guard descriptor >= 0 else { throw FetchError(SystemError.last("epoll_create1")) }
        events = .allocate(capacity: Self.capacity)
    }

    deinit {
        close(descriptor)
        events.deallocate()
    }

    func watchEdges(of eventfd: CInt) -> Bool {
        control(EPOLL_CTL_ADD, eventfd, EPOLLIN.rawValue | EPOLLET.rawValue)
    }

    /// - Parameter interest: one of libcurl's `CURL_POLL_...`.
    func watch(_ socket: CInt, _ interest: CInt, isKnown: Bool) -> Bool {
        var mask: UInt32 = 0
        if interest & CURL_POLL_IN != 0 { mask |= EPOLLIN.rawValue }
        if interest & CURL_POLL_OUT != 0 { mask |= EPOLLOUT.rawValue }
        if isKnown { return control(EPOLL_CTL_MOD, socket, mask) }
        // Where it fails, the socket was closed and this is another one of the same number.
        if released.remove(socket) != nil, control(EPOLL_CTL_MOD, socket, mask) { return true }
        return control(EPOLL_CTL_ADD, socket, mask)
    }

    func release(_ socket: CInt) { released.insert(socket) }

    /// Waits, and then calls `react` with each descriptor that is ready, and with its readiness in libcurl's flags.
    func wait(milliseconds: CInt, _ react: (_ descriptor: CInt, _ readiness: CInt) -> Void) {
        // An interrupted call (-1) counts as one without events; the caller waits again.
        let count = epoll_wait(descriptor, events, CInt(Self.capacity), milliseconds)
        for index in 0..<max(0, Int(count)) {
            let mask = events[index].events
            let socket = events[index].data.fd
            if released.remove(socket) != nil {
                // The server has closed a connection that waits for its next transfer, for example.
                _ = control(EPOLL_CTL_DEL, socket, 0)
                continue
            }
            var readiness: CInt = 0
            if mask & EPOLLIN.rawValue != 0 { readiness |= CURL_CSELECT_IN }
            if mask & EPOLLOUT.rawValue != 0 { readiness |= CURL_CSELECT_OUT }
            if mask & (EPOLLERR.rawValue | EPOLLHUP.rawValue) != 0 { readiness |= CURL_CSELECT_ERR }
            react(socket, readiness)
        }
    }

    private func control(_ operation: CInt, _ socket: CInt, _ mask: UInt32) -> Bool {
        var event = epoll_event(events: mask, data: epoll_data_t(fd: socket))
        return epoll_ctl(descriptor, operation, socket, &event) == 0
    }
}
