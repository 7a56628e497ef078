internal import CLinux
internal import Glibc

/// An eventfd(2), which wakes a thread that polls descriptors: it becomes readable when it is signalled.
package final class EventDescriptor: Sendable {
    package let descriptor: CInt

    /// - Parameter isBlocking: whether ``clear()`` waits for a signal if there is none.
    package init(isBlocking: Bool = false) throws(SystemError) {
        descriptor = eventfd(0, CInt(EFD_CLOEXEC | (isBlocking ? 0 : EFD_NONBLOCK)))
        guard descriptor >= 0 else { throw .last("eventfd") }
    }

    deinit { close(descriptor) }

    /// Makes the descriptor readable. Any thread may call this. It does not block, because the counter overflows only
    /// after 2^64 signals.
    package func signal() { eventfd_write(descriptor, 1) }

    /// Makes the descriptor unreadable until the next signal.
    package func clear() {
        var count: eventfd_t = 0
        eventfd_read(descriptor, &count)
    }
}
