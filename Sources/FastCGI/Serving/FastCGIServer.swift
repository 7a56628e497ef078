package import Budget
internal import CFastCGI
internal import Glibc
internal import Synchronization
internal import System

/// Answers one request. Cancelled when the web server hangs up.
///
/// The request is the handler's alone: it is freed as soon as the handler is done with it, while it waits for something else.
package typealias Handler = @Sendable (consuming FastCGIRequest) async -> Response

/// Where the handler of a request runs; nil for the pool of all tasks. What may compute for long should not run there.
package typealias HandlerExecutor = @Sendable (FastCGIRequest) -> (any TaskExecutor)?

/// How many bytes of body a request may bring. Asked once, before any of stdin is read: what it is given has params only.
package typealias BodyLimit = @Sendable (FastCGIRequest) -> Int

/// Serves FastCGI requests from one listening socket.
///
/// A thread of its own accepts, reads and writes, and never waits for a single web server: see ``ServerLoop``. Handlers are
/// tasks.
package final class FastCGIServer: Sendable {
    private let listener: Listener
    private let limits: ServerLimits
    private let budget: ByteBudget?
    private let bodyLimit: BodyLimit
    private let executor: HandlerExecutor
    private let handler: Handler
    private let peerCheck: PeerCheck
    private let eventQueue: ServerEventQueue
    private let hasRun = Atomic(false)

    /// - Parameters:
    ///   - listener: closed when ``run()`` returns.
    ///   - budget: bytes of bodies that requests in flight may have together; one that finds no room waits for a while, and is
    ///     then handled without its body. nil: no limit.
    ///   - bodyLimit: a `CONTENT_LENGTH` above it is refused before anything is read.
    ///   - onRefusedPeer: told of a peer that is none of the listener's web servers, and is hung up on.
    /// - Throws: `.cannotStart`.
    package init(
        listener: Listener, limits: ServerLimits, budget: ByteBudget? = nil, bodyLimit: @escaping BodyLimit,
        executor: @escaping HandlerExecutor = { _ in nil },
        onRefusedPeer: @escaping @Sendable (IPAddress?) -> Void = { _ in }, handler: @escaping Handler
    ) throws(FastCGIError) {
        precondition(limits.connections > 0)
        try Self.initializeLibrary()
        eventQueue = try ServerEventQueue()
        self.listener = listener
        self.limits = limits
        self.budget = budget
        self.bodyLimit = bodyLimit
        self.executor = executor
        self.handler = handler
        peerCheck = PeerCheck(listener, onRefusedPeer: onRefusedPeer)
    }

    /// What a server may have open at a time: the connections, its listener, an epoll set, an eventfd and libfcgi's pair.
    package static func descriptors(connections: Int) -> Int { connections + 5 }

    /// Serves until ``shutDown()``, or until the task is cancelled; returns when the last request in flight has ended.
    /// To be called once.
    ///
    /// If the system grants no thread, this returns at once.
    package func run() async {
        precondition(!hasRun.exchange(true, ordering: .relaxed), "run() is called once")
        await withTaskCancellationHandler {
            await withCheckedContinuation { ended in
                do throws(SystemError) {
                    try startThread(named: "fastcgi") { [self] in
                        serve()
                        ended.resume()
                    }
                } catch {
                    ended.resume()
                }
            }
        } onCancel: {
            shutDown()
        }
        listener.close()
    }

    /// Stops accepting. Requests in flight finish. Returns at once.
    package func shutDown() {
        // Not FCGX_ShutdownPending: it is for the whole process, for good, and wakes nobody. Not shutdown(2): whoever
        // handed us the socket would find it dead.
        eventQueue.stop()
    }

    /// Cancels the handlers in flight, and all that may follow. Their responses are still sent. Returns at once.
    package func cancelHandlers() { eventQueue.cancelHandlers() }

    private func serve() {
        ServerLoop(
            listener: listener.descriptor, peerCheck: peerCheck, eventQueue: eventQueue, limits: limits, budget: budget,
            bodyLimit: bodyLimit, executor: executor, handler: handler)?.run()
    }

    private static func initializeLibrary() throws(FastCGIError) {
        // FCGX_Init takes these two, even from SIG_IGN, for a shutdown that wakes nobody. They are main's.
        var terminate = sigaction()
        var user = sigaction()
        sigaction(SIGTERM, nil, &terminate)
        sigaction(SIGUSR1, nil, &user)
        let status = FCGX_Init()
        sigaction(SIGTERM, &terminate, nil)
        sigaction(SIGUSR1, &user, nil)
        guard status == 0 else { throw .cannotStart(why: "\(SystemError("FCGX_Init", code: status))") }
    }
}
