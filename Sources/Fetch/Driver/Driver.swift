import CCrypto
import CCurl
import CCurlShim
import CLinux
import EventLoop
import Glibc
import System

/// Runs every transfer on one thread, which owns the `CURLM`, every easy handle and every ``Transfer``.
///
/// `curl_multi_perform` looks at every handle whenever it is called, so a thousand silent streams make each small
/// transfer beside them dear. Here libcurl names the sockets it waits for (`CURLMOPT_SOCKETFUNCTION`), an epoll set of
/// our own watches them, and `curl_multi_socket_action` touches the handles of ready ones only. libcurl's timers are
/// asked for with `curl_multi_timeout` before each wait. Total and idle timeouts are ours: finer than libcurl's, and
/// valid also while a transfer waits for another one's connection.
///
/// One transfer at a time has a connection, with HTTP/2, too. libcurl notes for all connections to a host together
/// whether they can be shared; where some are HTTP/2 and some HTTP/1.1, versions before 8.5 share any, and an answer
/// goes to the wrong request. Nor does a server that ends a connection take other requests with it.
///
/// Driver's CPU time for a small GET over a kept connection, 64 in flight, libcurl 7.88.1, a busy machine:
///
///     silent streams beside      0     1000
///     curl_multi_perform     25 µs    92 µs
///     this                   27 µs    38 µs
///
/// The rest of the difference is libcurl's: removing a handle walks all connections.
final class Driver: EventSource {
    /// Easy handles that are kept for the next transfers. About 6 kB each.
    private static let spareLimit = 256
    /// How long the rest of a response may take that nobody reads.
    private static let finishLimit = Duration.seconds(1)

    private let configuration: FetchConfiguration
    private let commandQueue: CommandQueue
    private let multi: UnsafeMutableRawPointer
    private var sockets: WatchedSockets
    private var transfers: [Transfer.ID: Transfer] = [:]
    private var deadlines = Deadlines()
    private var spares: [EasyHandle] = []
    private let pendingWakeups = PendingWakeups()
    private var commands: [CommandQueue.Command] = []
    /// Whether libcurl has done something since the last turn.
    private var isTouched = false
    /// When the next turn has something to do at the latest; nil for never.
    private var due: ContinuousClock.Instant?

    /// - Parameter set: of the loop that the driver is added to.
    init(_ configuration: FetchConfiguration, _ commandQueue: CommandQueue, _ set: EventSet) throws(FetchError) {
        guard curlIsReady, let multi = curl_multi_init() else { throw .outOfMemory }
        self.configuration = configuration
        self.commandQueue = commandQueue
        self.multi = multi
        sockets = WatchedSockets(set)
        // The first limit is for idle connections, which are closed as soon as there are more, and the second for all.
        // Without the second a server that hangs could take every descriptor of the process.
        ccurl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, configuration.connectionLimit)
        ccurl_multi_set_long(multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, configuration.connectionLimit)
        ccurl_multi_set_long(multi, CURLMOPT_PIPELINING, ccurl_pipe_nothing)
        let context = Unmanaged.passUnretained(self).toOpaque()
        ccurl_multi_set_socket_callback(
            multi,
            { _, socket, interest, context, mark in
                guard let context else { return -1 }
                let driver = Unmanaged<Driver>.fromOpaque(context).takeUnretainedValue()
                return driver.watch(socket, interest, isKnown: mark != nil) ? 0 : -1
            }, context)
    }

    deinit {
        spares = []
        // Closes the pooled connections.
        curl_multi_cleanup(multi)
        // This frees what OpenSSL keeps for this thread now, and not when the thread ends. Whoever waits for the driver
        // may exit the process next, and OpenSSL's cleanup at exit must not run at the same time as a thread's.
        OPENSSL_thread_stop()
        commandQueue.didStop()
    }

    /// Ends when the command queue says stop.
    func turn() -> Turn {
        guard commandQueue.take(into: &commands) else {
            stop()
            return .over
        }
        let isDue = isTouched || !commands.isEmpty || due.map { $0 <= .now } ?? false
        guard isDue else { return .again(due) }
        let now = ContinuousClock.now
        for command in commands { perform(command, at: now) }
        commands.removeAll(keepingCapacity: true)
        // This runs libcurl's timers that are due. The first step of a new handle is one of them.
        performAction(on: CURL_SOCKET_BAD, 0)
        collect()
        expire(at: now)
        isTouched = false
        due = dueTime(from: now)
        return .again(due)
    }

    func react(to id: UInt64, _ events: UInt32) {
        guard let (socket, readiness) = sockets.readiness(of: id, events) else { return }
        isTouched = true
        performAction(on: socket, readiness)
        collect()
    }

    private func stop() {
        for case .start(_, _, let pipe, let receiver) in commands {
            pipe?.close()
            receiver.fail(.shutDown)
        }
        for transfer in Array(transfers.values) { end(transfer, .shutDown) }
    }

    private func perform(_ command: CommandQueue.Command, at now: ContinuousClock.Instant) {
        switch command {
        case .start(let id, let request, let pipe, let receiver): start(id, request, pipe, receiver, at: now)
        case .resume(let id): transfers[id]?.resume()
        case .finish(let id):
            guard let transfer = transfers[id] else { return }
            deadlines.remove(transfer)
            transfer.finish(by: now + Self.finishLimit)
            deadlines.insert(transfer)
        case .end(let id, let error): if let transfer = transfers[id] { end(transfer, error) }
        }
    }

    private func start(
        _ id: Transfer.ID, _ request: FetchRequest, _ pipe: BodyPipe?, _ receiver: Transfer.Receiver,
        at now: ContinuousClock.Instant
    ) {
        do throws(FetchError) {
            let easy = if let spare = spares.popLast() { spare } else { try EasyHandle(configuration) }
            let transfer = try Transfer(id, request, pipe, receiver, on: easy, pendingWakeups, at: now)
            guard curl_multi_add_handle(multi, easy.raw) == CURLM_OK else { throw .outOfMemory }
            transfers[id] = transfer
            deadlines.insert(transfer)
        } catch {
            pipe?.close()
            receiver.fail(error)
        }
    }

    /// Ends a transfer early, and with it its connection, or its HTTP/2 stream.
    private func end(_ transfer: Transfer, _ error: FetchError) {
        transfer.abandon()
        remove(transfer)
        transfer.fail(error)
    }

    private func remove(_ transfer: Transfer) {
        transfers[transfer.id] = nil
        deadlines.remove(transfer)
        curl_multi_remove_handle(multi, transfer.easy.raw)
        transfer.easy.transfer = nil
        transfer.closeBody()
    }

    private func performAction(on socket: curl_socket_t, _ readiness: CInt) {
        var running: CInt = 0
        curl_multi_socket_action(multi, socket, readiness, &running)
    }

    private func watch(_ socket: curl_socket_t, _ interest: CInt, isKnown: Bool) -> Bool {
        if interest == CURL_POLL_REMOVE {
            sockets.release(socket)
            return true
        }
        // Any pointer will do: libcurl passes it to the callback while it knows the socket.
        if !isKnown { curl_multi_assign(multi, socket, multi) }
        return sockets.watch(socket, interest, isKnown: isKnown)
    }

    /// Collects the transfers that the last action has finished.
    private func collect() {
        var left: CInt = 0
        while let message = curl_multi_info_read(multi, &left) {
            // The fields are copied first, because curl_multi_remove_handle frees the message.
            let (kind, easy, code) = (message.pointee.msg, message.pointee.easy_handle, message.pointee.data.result)
            guard kind == CURLMSG_DONE, let easy, let transfer = Transfer.at(ccurl_get_private(easy)) else { continue }
            remove(transfer)
            transfer.finish(code)
            if code == CURLE_OK { recycle(transfer.easy) }
        }
        pendingWakeups.wakeReaders()
    }

    private func recycle(_ easy: EasyHandle) {
        if spares.count < Self.spareLimit, easy.forget() { spares.append(easy) }
    }

    private func expire(at now: ContinuousClock.Instant) {
        while let transfer = deadlines.first, transfer.due <= now {
            if let error = transfer.overdue(at: now) {
                end(transfer, error)
            } else {
                deadlines.delay(transfer)
            }
        }
    }

    /// When a timer of libcurl or a deadline comes; nil if there is none.
    private func dueTime(from now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        var milliseconds = -1
        curl_multi_timeout(multi, &milliseconds)
        let timer = milliseconds < 0 ? nil : now + .milliseconds(milliseconds)
        guard let first = deadlines.first?.due else { return timer }
        return min(first, timer ?? first)
    }
}

/// libcurl is initialised once for the process, before any thread uses it.
private let curlIsReady = curl_global_init(ccurl_global_default) == CURLE_OK
