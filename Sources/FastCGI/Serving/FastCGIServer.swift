package import EventLoop
internal import Synchronization
internal import System

/// Answers one request. It is called when the request's head has arrived. The server cancels the handler when the web
/// server hangs up.
///
/// The part of the body that the handler has not read when it returns is dropped. The handler owns the request, so that
/// its memory is freed as soon as the handler no longer needs it, even while the handler still runs.
package typealias Handler = @Sendable (consuming FastCGIRequest) async -> Response

/// Chooses the executor on which the handler of a request runs; nil for the global pool, on which a handler must not
/// compute for long.
package typealias HandlerExecutor = @Sendable (FastCGIRequest) -> (any TaskExecutor)?

/// Serves FastCGI requests from one listening socket or several.
///
/// A thread of its own accepts, reads and writes, and never waits for a single web server: see ``ServerLoop``. Handlers
/// run as tasks.
package final class FastCGIServer: Sendable {
    private let listeners: [Listener]
    private let limits: ServerLimits
    private let executor: HandlerExecutor
    private let handler: Handler
    private let sockets: [ListeningSocket]
    private let onAnswered: @Sendable () -> Void
    private let eventQueue: ServerEventQueue
    private let loop: EventLoop
    /// Whether the loop is the server's own.
    private let isLoopOwn: Bool
    private let hasRun = Atomic(false)

    /// - Parameter listener: closed when ``run()`` returns.
    /// - Throws: `.cannotStart`.
    package convenience init(
        listener: Listener, limits: ServerLimits, executor: @escaping HandlerExecutor = { _ in nil },
        onRefusedPeer: @escaping @Sendable (IPAddress?) -> Void = { _ in }, handler: @escaping Handler
    ) throws(FastCGIError) {
        try self.init(
            listeners: [listener], limits: limits, executor: executor, onRefusedPeer: onRefusedPeer, handler: handler)
    }

    /// - Parameters:
    ///   - listeners: closed when ``run()`` returns.
    ///   - limits: those of all listeners together.
    ///   - onRefusedPeer: called with the address of a peer that may not connect, before its connection is closed.
    ///   - onAnswered: called once, when the last handler has ended after ``shutDown()``. ``run()`` returns when web servers have
    ///     read the last responses, too.
    /// - Throws: `.cannotStart`.
    package init(
        listeners: [Listener], limits: ServerLimits, on loop: EventLoop? = nil,
        executor: @escaping HandlerExecutor = { _ in nil },
        onRefusedPeer: @escaping @Sendable (IPAddress?) -> Void = { _ in },
        onAnswered: @escaping @Sendable () -> Void = {}, handler: @escaping Handler
    ) throws(FastCGIError) {
        precondition(limits.connections > 0 && !listeners.isEmpty)
        isLoopOwn = loop == nil
        do throws(SystemError) {
            self.loop = if let loop { loop } else { try EventLoop(named: "fastcgi") }
        } catch {
            throw .cannotStart(why: "\(error)")
        }
        eventQueue = ServerEventQueue(self.loop)
        self.listeners = listeners
        self.onAnswered = onAnswered
        self.limits = limits
        self.executor = executor
        self.handler = handler
        sockets = listeners.map { ListeningSocket($0, onRefusedPeer: onRefusedPeer) }
    }

    deinit { if isLoopOwn, !hasRun.load(ordering: .relaxed) { loop.stop() } }

    /// Returns the number of descriptors that a server may have open at a time: one for each connection, one for a listener of
    /// its own, and those of its loop.
    package static func descriptors(connections: Int) -> Int { connections + 1 + EventLoop.descriptors }

    /// Serves until ``shutDown()``, or until the task is cancelled, and returns when the last request in flight has
    /// ended. Call it once.
    package func run() async {
        precondition(!hasRun.exchange(true, ordering: .relaxed), "run() is called once")
        await withTaskCancellationHandler {
            await withCheckedContinuation { ended in
                let set = loop.makeSet()
                let server = ServerLoop(
                    listeners: sockets, eventQueue: eventQueue, limits: limits, set: set, executor: executor,
                    handler: handler, onAnswered: onAnswered
                ) { ended.resume() }
                loop.add(server, with: set)
                if isLoopOwn { loop.stop() }
            }
        } onCancel: {
            shutDown()
        }
        for listener in listeners { listener.close() }
    }

    /// Stops accepting. Requests in flight finish. Returns at once.
    ///
    /// Connections that wait at an inherited socket are left to the next process that has it. Those that wait at a socket of our
    /// own are still served.
    package func shutDown() {
        // shutdown(2) is not called for the listeners, because the process that passed a socket could not use it any
        // more.
        for listener in listeners { listener.withdraw() }
        eventQueue.stop()
    }

    /// Sets limits that take the place of those before. Connections that exceed them stay.
    package func set(_ limits: ServerLimits) { eventQueue.set(limits) }

    /// Cancels the handlers in flight, and all that are started later. Their responses are still sent. Returns at once.
    package func cancelHandlers() { eventQueue.cancelHandlers() }
}
