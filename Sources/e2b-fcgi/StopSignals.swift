import Glibc
import Responder
import Synchronization

/// The signals that ask the process to end.
///
/// They are blocked in every thread from the first statement of `main` on, and the main thread does nothing but wait for
/// them: no handler has to be there in time, and none can interrupt anything. (A `DispatchSource` would lose those that come
/// between its making and its first wait; and under `dispatchMain`, or an async `main`, the main thread waits with an empty
/// mask, so that a blocked signal finds a thread that does not block it.)
///
/// SIGHUP is for the end, too, unless the process was started to ignore it (`nohup`).
final class StopSignals: Sendable {
    /// Signals belong to the process: there is one of this.
    static let shared = StopSignals()

    private enum Use {
        /// What was asked for is not known yet: they are kept until it is.
        case undecided
        /// As if they were not blocked.
        case fatal
        /// At once, with status 0: nothing has been started that would have to be tidied up.
        case immediate
        /// Somebody waits for them, and ends in order.
        case counted
    }

    private struct State {
        var use = Use.undecided
        var count = 0
        var last: CInt = 0
        var lastWaiter = 0
        var waiters: [Int: (ordinal: Int, continuation: CheckedContinuation<Void, Never>)] = [:]
    }

    private let state = Mutex(State())

    private static var numbers: [CInt] {
        var action = sigaction()
        sigaction(SIGHUP, nil, &action)
        let isIgnored = unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == 1  // SIG_IGN
        return [SIGTERM, SIGINT, SIGQUIT, SIGUSR1] + (isIgnored ? [] : [SIGHUP])
    }

    private static var set: sigset_t {
        var set = sigset_t()
        sigemptyset(&set)
        for number in numbers { sigaddset(&set, number) }
        return set
    }

    /// To be called first of all: later threads inherit it.
    static func block() {
        var set = set
        pthread_sigmask(SIG_BLOCK, &set, nil)
    }

    /// The life of the main thread.
    func wait() -> Never {
        var set = Self.set
        var number: CInt = 0
        while true { if sigwait(&set, &number) == 0 { arrived(number) } }
    }

    /// From now on a signal ends the process as it ends any other.
    func leaveToSystem() { use(.fatal) }

    /// From now on a signal ends the process at once, with status 0.
    func endAtOnce() { use(.immediate) }

    /// From now on signals are counted, and ``arrival(_:)`` tells of them.
    func count() { use(.counted) }

    /// Returns when this many signals have come, the first being number 1, or when the task is cancelled.
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
                // Cancelled before there was somebody to wake.
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
            // One that has come is ending the process already: this thread must not start what would have to be tidied up.
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
            // Not exit: other threads are at work.
            _exit(EXIT_SUCCESS)
        case .fatal:
            signal(number, SIG_DFL)
            var set = Self.set
            pthread_sigmask(SIG_UNBLOCK, &set, nil)
            raise(number)
        }
    }
}
