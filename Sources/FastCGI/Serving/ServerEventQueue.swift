internal import EventLoop
internal import Synchronization

/// Events that tasks and other threads send to the server's thread.
final class ServerEventQueue: Sendable {
    /// An event that a connection's handler sends.
    enum Event: Sendable {
        /// The handler has taken enough of the body for more to be read.
        case bodyWanted
        /// The handler has returned the response. If it has a stream, events of the stream follow.
        case response(Response, ResponseStream?)
        /// The response's stream has more bytes, or has ended.
        case streamProgress
    }

    struct Contents: Sendable {
        /// The events, with the identifiers of their connections.
        var events: [(connection: UInt64, event: Event)] = []
        /// Whether the server stops. Once set, this flag and the next one stay set.
        var isStopping = false
        var isCancelling = false
        /// Limits that take the place of those before.
        var limits: ServerLimits?
    }

    private let loop: EventLoop
    private let contents = Mutex(Contents())

    init(_ loop: EventLoop) { self.loop = loop }

    func post(_ event: Event, for connection: UInt64) {
        let isFirst = contents.withLock { contents in
            contents.events.append((connection, event))
            return contents.events.count == 1
        }
        // If an event is waiting already, the thread is awake or about to be.
        if isFirst { loop.wake() }
    }

    func stop() {
        contents.withLock { $0.isStopping = true }
        loop.wake()
    }

    func set(_ limits: ServerLimits) {
        contents.withLock { $0.limits = limits }
        loop.wake()
    }

    func cancelHandlers() {
        contents.withLock { $0.isCancelling = true }
        loop.wake()
    }

    /// Takes the events that have arrived since the last call.
    func take() -> Contents {
        contents.withLock { contents in
            defer { (contents.events, contents.limits) = ([], nil) }
            return contents
        }
    }
}
