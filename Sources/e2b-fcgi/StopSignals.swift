import Glibc
import Responder
import Synchronization

/// The signals that ask the process to end, or to read its configuration again.
///
/// The signals are blocked in every thread from the first statement of `main` on, and the main thread does nothing but
/// wait for them. So no signal can arrive before a handler is installed, and no handler can interrupt other code.
///
/// A `DispatchSource` would lose signals that arrive between its creation and its first wait. Under `dispatchMain`, or
/// an asynchronous `main`, the main thread waits with an empty signal mask, so a blocked signal would be delivered
/// there.
///
/// SIGHUP makes a service read its configuration again. Otherwise it ends the process as well, unless the process was started to
/// ignore it (`nohup`).
final class StopSignals: Sendable {
    /// The only instance, because signals are delivered to the process as a whole.
    static let shared = StopSignals()

    private enum Use {
        /// The subcommand is not known yet. Signals are kept until it is.
        case undecided
        /// A signal ends the process as if it were not blocked.
        case fatal
        /// A signal ends the process at once, with status 0, because nothing has to be cleaned up.
        case immediate
        /// Signals are counted. A task waits for them, and ends the process in order.
        case counted
    }

    private struct State {
        var use = Use.undecided
        var count = 0
        var last: CInt = 0
        var lastWaiter = 0
        /// Gets each SIGHUP of a service.
        var hangUps: AsyncStream<Void>.Continuation?
        var waiters: [Int: (ordinal: Int, continuation: CheckedContinuation<Void, Never>)] = [:]
    }

    private let state = Mutex(State())

    /// A signal that is blocked arrives also if it is ignored.
    private static let numbers = [SIGTERM, SIGINT, SIGQUIT, SIGUSR1, SIGHUP]

    /// Whether the process was started to ignore SIGHUP.
    private static var isHangUpIgnored: Bool {
        var action = sigaction()
        sigaction(SIGHUP, nil, &action)
        return unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == 1  // SIG_IGN
    }

    private static var set: sigset_t {
        var set = sigset_t()
        sigemptyset(&set)
        for number in numbers { sigaddset(&set, number) }
        return set
    }

    /// Blocks the signals. Call this first in `main`: threads that start later inherit the mask.
    static func block() {
        var set = set
        pthread_sigmask(SIG_BLOCK, &set, nil)
    }

    /// Waits for signals for ever. The main thread runs this.
    func wait() -> Never {
        var set = Self.set
        var number: CInt = 0
        while true { if sigwait(&set, &number) == 0 { arrived(number) } }
    }

    /// Makes a signal end the process as if it were not blocked.
    func leaveToSystem() { use(.fatal) }

    /// Makes a signal end the process at once, with status 0.
    func endAtOnce() { use(.immediate) }

    /// Makes signals count, so that ``arrival(_:)`` returns.
    func count() { use(.counted) }

    /// Makes SIGHUP end the process no more. Several that arrive while the last one is dealt with count as one.
    ///
    /// - Returns: an element for each.
    func hangUps() -> AsyncStream<Void> {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        state.withLock { $0.hangUps = continuation }
        return stream
    }

    /// Waits until `ordinal` signals have arrived since the start, or the task is cancelled.
    func arrival(_ ordinal: Int) async {
        let id = state.withLock { state in
            state.lastWaiter += 1
            return state.lastWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isThere = state.withLock { state in
                    if state.count >= ordinal { return true }
                    state.waiters[id] = (ordinal, continuation)
                    return false
                }
                if isThere { return continuation.resume() }
                // The task may have been cancelled before its continuation was stored.
                if Task.isCancelled { wake(id) }
            }
        } onCancel: {
            wake(id)
        }
    }

    private func wake(_ id: Int) {
        state.withLock { $0.waiters.removeValue(forKey: id) }?.continuation.resume()
    }

    private func arrived(_ number: CInt) {
        if number == SIGHUP {
            if let hangUps = state.withLock({ $0.hangUps }) { return _ = hangUps.yield() }
            if Self.isHangUpIgnored { return }
        }
        let (use, woken) = state.withLock { state in
            state.count += 1
            state.last = number
            let woken = state.use == .counted ? state.waiters.filter { $0.value.ordinal <= state.count } : [:]
            for id in woken.keys { state.waiters[id] = nil }
            return (state.use, woken)
        }
        end(by: use, number)
        for waiter in woken.values { waiter.continuation.resume() }
    }

    private func use(_ use: Use) {
        let (decided, number) = state.withLock { state in
            // A signal that has arrived is already ending the process, so this thread must not start work that needs a
            // clean-up.
            if state.count == 0 || state.use == .undecided { state.use = use }
            return (state.count == 0 ? .undecided : state.use, state.last)
        }
        end(by: decided, number)
    }

    private func end(by use: Use, _ number: CInt) {
        switch use {
        case .undecided, .counted: return
        case .immediate:
            StandardError.lines.flush(within: StandardError.patience)
            // exit(3) is not used, because it runs exit handlers while other threads still work.
            _exit(EXIT_SUCCESS)
        case .fatal:
            signal(number, SIG_DFL)
            var set = Self.set
            pthread_sigmask(SIG_UNBLOCK, &set, nil)
            raise(number)
        }
    }
}
