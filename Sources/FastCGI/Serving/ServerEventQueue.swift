internal import Synchronization
internal import System

/// Events that tasks and other threads send to the server's thread.
final class ServerEventQueue: Sendable {
    /// What a connection's handler sends.
    enum Event: Sendable {
        /// The handler has taken enough of the body for more to be read.
        case bodyWanted
        /// The response. One with a stream is followed by what comes of that.
        case response(Response, ResponseStream?)
        /// There is more of the response's stream, or its end.
        case streamProgress
    }

    struct Contents: Sendable {
        /// With the identifiers of the connections.
        var events: [(connection: UInt64, event: Event)] = []
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

    func post(_ event: Event, for connection: UInt64) {
        let isFirst = contents.withLock { contents in
            contents.events.append((connection, event))
            return contents.events.count == 1
        }
        // If an event is waiting already, the thread is awake or about to be.
        if isFirst { self.event.signal() }
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
            defer { contents.events = [] }
            return contents
        }
    }
}
