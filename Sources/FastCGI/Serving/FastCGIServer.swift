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

/// Serves FastCGI requests from one listening socket.
///
/// A thread of its own accepts, reads and writes, and never waits for a single web server: see ``ServerLoop``. Handlers
/// run as tasks.
package final class FastCGIServer: Sendable {
    private let listener: Listener
    private let limits: ServerLimits
    private let executor: HandlerExecutor
    private let handler: Handler
    private let peerCheck: PeerCheck
    private let eventQueue: ServerEventQueue
    private let loop: EventLoop
    /// Whether the loop is the server's own.
    private let isLoopOwn: Bool
    private let hasRun = Atomic(false)

    /// - Parameters:
    ///   - listener: closed when ``run()`` returns.
    ///   - onRefusedPeer: called with the address of a peer that may not connect, before its connection is closed.
    /// - Throws: `.cannotStart`.
    package init(
        listener: Listener, limits: ServerLimits, on loop: EventLoop? = nil,
        executor: @escaping HandlerExecutor = { _ in nil },
        onRefusedPeer: @escaping @Sendable (IPAddress?) -> Void = { _ in }, handler: @escaping Handler
    ) throws(FastCGIError) {
        precondition(limits.connections > 0)
        isLoopOwn = loop == nil
        do throws(SystemError) {
            self.loop = if let loop { loop } else { try EventLoop(named: "fastcgi") }
        } catch {
            throw .cannotStart(why: "\(error)")
        }
        eventQueue = ServerEventQueue(self.loop)
        self.listener = listener
        self.limits = limits
        self.executor = executor
        self.handler = handler
        peerCheck = PeerCheck(listener, onRefusedPeer: onRefusedPeer)
    }

    deinit { if isLoopOwn, !hasRun.load(ordering: .relaxed) { loop.stop() } }

    /// Returns the number of descriptors that a server may have open at a time: one for each connection, one for the
    /// listener, and those of its loop.
    package static func descriptors(connections: Int) -> Int { connections + 1 + EventLoop.descriptors }

    /// Serves until ``shutDown()``, or until the task is cancelled, and returns when the last request in flight has
    /// ended. Call it once.
    package func run() async {
        precondition(!hasRun.exchange(true, ordering: .relaxed), "run() is called once")
        await withTaskCancellationHandler {
            await withCheckedContinuation { ended in
                let set = loop.makeSet()
                let server = ServerLoop(
                    listener: listener.descriptor, peerCheck: peerCheck, eventQueue: eventQueue, limits: limits,
                    set: set, executor: executor, handler: handler
                ) { ended.resume() }
                loop.add(server, with: set)
                if isLoopOwn { loop.stop() }
            }
        } onCancel: {
            shutDown()
        }
        listener.close()
    }

    /// Stops accepting. Requests in flight finish. Returns at once.
    package func shutDown() {
        // shutdown(2) is not called for the listener, because the process that passed the socket could not use it any
        // more.
        eventQueue.stop()
    }

    /// Cancels the handlers in flight, and all that are started later. Their responses are still sent. Returns at once.
    package func cancelHandlers() { eventQueue.cancelHandlers() }

}
