internal import CFastCGI
internal import CLinux
internal import Glibc
internal import Synchronization
internal import Threads

/// Answers one request. Cancelled when the web server hangs up.
///
/// The request is the handler's alone: it is freed as soon as the handler is done with it, while it waits for something else.
package typealias Handler = @Sendable (consuming FastCGIRequest) async -> Response

/// How many bytes of body a request may bring. Asked once, before any of stdin is read: what it is given has params only.
package typealias BodyLimit = @Sendable (FastCGIRequest) -> Int

/// Serves FastCGI requests from one listening socket.
///
/// libfcgi blocks, so each request is held by a thread of ours, never by one of the cooperative pool's. A thread
/// accepts, reads the request, starts the handler as a `Task`, watches the connection until that task has ended, sends
/// its response, and accepts again. A slow web server slows its own thread only, and not for longer than the limits.
package final class FastCGIServer: Sendable {
    private struct State {
        var liveThreads = 0
        var onStopped: CheckedContinuation<Void, Never>?
    }

    private let listener: Listener
    private let threads: Int
    private let bodyLimit: BodyLimit
    private let sendLimit: Duration
    private let receiveLimit: Duration
    private let handler: Handler
    /// Readable, and never drained, once the server is to stop.
    private let stop: CInt
    /// The same for handlers that are to be cancelled.
    private let cancel: CInt
    private let state = Mutex(State())

    /// - Parameters:
    ///   - listener: closed when ``run()`` returns.
    ///   - threads: requests in flight at a time; further ones wait in the listener's backlog.
    ///   - bodyLimit: a `CONTENT_LENGTH` above it is refused before anything is read.
    ///   - sendLimit: how long the web server may take none of a response's bytes before it is given up.
    ///   - receiveLimit: how long it may take for begin and params, and how long it may then send none of stdin.
    /// - Throws: `.cannotStart`.
    package init(
        listener: Listener, threads: Int, bodyLimit: @escaping BodyLimit, sendLimit: Duration = .seconds(60),
        receiveLimit: Duration = .seconds(60), handler: @escaping Handler
    ) throws(FastCGIError) {
        precondition(threads > 0)
        try Self.initializeLibrary()
        // For each thread: epoll, eventfd, a pair for libfcgi, the connection. The rest is the application's.
        try Self.allowDescriptors(5 * threads + 256)
        stop = try Self.makeEvent()
        do throws(FastCGIError) {
            cancel = try Self.makeEvent()
        } catch {
            close(stop)
            throw error
        }
        self.listener = listener
        self.threads = threads
        self.bodyLimit = bodyLimit
        self.sendLimit = sendLimit
        self.receiveLimit = receiveLimit
        self.handler = handler
    }

    deinit {
        close(stop)
        close(cancel)
    }

    /// Serves until ``shutDown()``, or until the task is cancelled; returns when the last request in flight has ended.
    /// To be called once.
    ///
    /// If the system grants fewer threads than asked for, those serve; if none, this returns at once.
    package func run() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                state.withLock { state in
                    precondition(state.onStopped == nil, "run() is called once")
                    state.onStopped = continuation
                    // One more than there are: no thread ends the run before the last one has been started.
                    state.liveThreads = 1
                }
                for number in 0..<threads {
                    state.withLock { $0.liveThreads += 1 }
                    // What such a thread does is shallow; the handler runs elsewhere.
                    if startThread(named: "fcgi-\(number)", stackSize: 256 << 10, { self.serve() }) != 0 {
                        threadEnded()
                        break
                    }
                }
                threadEnded()
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
        eventfd_write(stop, 1)
    }

    /// Cancels the handlers in flight, and all that may follow. Their responses are still sent. Returns at once.
    package func cancelHandlers() {
        eventfd_write(cancel, 1)
    }

    /// The life of one thread.
    private func serve() {
        defer { threadEnded() }
        guard
            let arrivals = Arrivals(
                listener: listener.descriptor, stop: stop, sendLimit: sendLimit, receiveLimit: receiveLimit),
            let handlerRun = HandlerRun()
        else { return }
        var connection = Connection()
        while let socket = arrivals.next() {
            let request = connection.request(on: socket, bodyLimit: bodyLimit, patience: receiveLimit)
            guard let request else { continue }
            let method = request.method
            let response = handlerRun.response(
                to: consume request, hangUpOn: connection.socket, halfWay: true, cancelOn: cancel, from: handler)
            if let response {
                connection.finish(response, method: method)
            } else {
                connection.abandon()
            }
        }
    }

    private func threadEnded() {
        let stopped = state.withLock { state in
            state.liveThreads -= 1
            return state.liveThreads == 0 ? state.onStopped.take() : nil
        }
        stopped?.resume()
    }

    private static func makeEvent() throws(FastCGIError) -> CInt {
        let descriptor = eventfd(0, CInt(EFD_CLOEXEC))
        guard descriptor >= 0 else { throw .cannotStart(why: explain(errno)) }
        return descriptor
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
        guard status == 0 else { throw .cannotStart(why: "libfcgi: \(explain(status))") }
    }

    /// Raises the soft limit of open files as far as needed: 1024, the usual one, is for programs that use select(2).
    private static func allowDescriptors(_ count: Int) throws(FastCGIError) {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        if limit.rlim_cur >= rlim_t(count) { return }
        guard limit.rlim_max >= rlim_t(count) else {
            throw .cannotStart(why: "this many threads need \(count) open files; the hard limit is \(limit.rlim_max)")
        }
        limit.rlim_cur = rlim_t(count)
        _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}
