internal import Synchronization
internal import System

/// Events that tasks and other threads send to the server's thread.
final class ServerEventQueue: Sendable {
    struct Contents: Sendable {
        /// The responses of handlers that have ended, with the identifiers of their connections.
        var responses: [(connection: UInt64, response: Response)] = []
        /// Once set, these two stay so.
        var isStopping = false
        var isCancelling = false
    }

    /// An eventfd that is readable while there are new events.
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
        // If a response is waiting already, the thread is awake or about to be.
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

    /// Takes the events that have arrived since the last call.
    func take() -> Contents {
        event.clear()
        return contents.withLock { contents in
            defer { contents.responses = [] }
            return contents
        }
    }
}
