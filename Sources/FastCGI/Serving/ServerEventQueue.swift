internal import Synchronization
internal import System

/// What tasks and other threads tell a server's thread.
final class ServerEventQueue: Sendable {
    struct Contents: Sendable {
        /// Of handlers that have ended, by their connection.
        var responses: [(connection: UInt64, response: Response)] = []
        /// For good, once they are set.
        var isStopping = false
        var isCancelling = false
    }

    /// Readable while there is something new.
    private let event: EventDescriptor
    private let contents = Mutex(Contents())

    init() throws(FastCGIError) {
        do throws(SystemError) {
            event = try EventDescriptor()
        } catch {
            throw .cannotStart(why: "\(error)")
        }
    }

    /// What the server's thread waits for.
    var wakeup: CInt { event.descriptor }

    func post(_ response: Response, for connection: UInt64) {
        let isFirst = contents.withLock { contents in
            contents.responses.append((connection, response))
            return contents.responses.count == 1
        }
        // With one waiting the thread is awake, or about to be.
        if isFirst { event.signal() }
    }

    func stop() {
        contents.withLock { $0.isStopping = true }
        event.signal()
    }

    func cancelHandlers() {
        contents.withLock { $0.isCancelling = true }
        event.signal()
    }

    /// What has come since the last time.
    func take() -> Contents {
        event.clear()
        return contents.withLock { contents in
            defer { contents.responses = [] }
            return contents
        }
    }
}
