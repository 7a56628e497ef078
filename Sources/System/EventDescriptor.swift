internal import CLinux
internal import Glibc

/// An eventfd: readable from the moment somebody has signalled it. What wakes a thread that waits for descriptors.
package final class EventDescriptor: Sendable {
    package let descriptor: CInt

    /// - Parameter isBlocking: whether ``clear()`` waits for a signal where there is none.
    package init(isBlocking: Bool = false) throws(SystemError) {
        descriptor = eventfd(0, CInt(EFD_CLOEXEC | (isBlocking ? 0 : EFD_NONBLOCK)))
        guard descriptor >= 0 else { throw .last("eventfd") }
    }

    deinit { close(descriptor) }

    /// From any thread. Never waits: it would take 2^64 signals.
    package func signal() { eventfd_write(descriptor, 1) }

    /// It is not readable any more until the next signal.
    package func clear() {
        var count: eventfd_t = 0
        eventfd_read(descriptor, &count)
    }
}
