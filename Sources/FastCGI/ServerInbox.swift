internal import CLinux
internal import Glibc
internal import Synchronization

/// What tasks and other threads tell a server's thread.
final class ServerInbox: Sendable {
    struct Contents: Sendable {
        /// Of handlers that have ended, by their connection.
        var responses: [(connection: UInt64, response: Response)] = []
        /// For good, once they are set.
        var isStopping = false
        var isCancelling = false
    }

    /// Readable while there is something new.
    let wakeup: CInt
    private let contents = Mutex(Contents())

    init() throws(FastCGIError) {
        wakeup = eventfd(0, CInt(EFD_CLOEXEC | EFD_NONBLOCK))
        guard wakeup >= 0 else { throw .cannotStart(why: explain(errno)) }
    }

    deinit { close(wakeup) }

    func post(_ response: Response, for connection: UInt64) {
        let isFirst = contents.withLock { contents in
            contents.responses.append((connection, response))
            return contents.responses.count == 1
        }
        // With one waiting the thread is awake, or about to be.
        if isFirst { eventfd_write(wakeup, 1) }
    }

    func stop() {
        contents.withLock { $0.isStopping = true }
        eventfd_write(wakeup, 1)
    }

    func cancelHandlers() {
        contents.withLock { $0.isCancelling = true }
        eventfd_write(wakeup, 1)
    }

    /// What has come since the last time.
    func take() -> Contents {
        var drained: UInt64 = 0
        _ = read(wakeup, &drained, MemoryLayout<UInt64>.size)
        return contents.withLock { contents in
            defer { contents.responses = [] }
            return contents
        }
    }
}
