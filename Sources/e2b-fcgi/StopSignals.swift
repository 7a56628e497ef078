import Dispatch
import Glibc
import Synchronization

/// SIGTERM, SIGINT and SIGUSR1: the FastCGI ways to ask for an orderly end.
///
/// Made after `FCGX_Init`, which takes SIGTERM even from `SIG_IGN`.
final class StopSignals: Sendable {
    private struct State {
        var hasArrived = false
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())
    // Never touched after init; kept for as long as signals are to be caught.
    private nonisolated(unsafe) var sources: [any DispatchSourceSignal] = []

    init() {
        for number in [SIGTERM, SIGINT, SIGUSR1] {
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number)
            source.setEventHandler { [unowned self] in arrived() }
            source.resume()
            sources.append(source)
        }
    }

    deinit { for source in sources { source.cancel() } }

    /// Returns when the first of them has arrived, or the task is cancelled.
    func first() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let hasArrived = state.withLock { state in
                    if !state.hasArrived { state.waiter = continuation }
                    return state.hasArrived
                }
                if hasArrived { continuation.resume() }
            }
        } onCancel: {
            arrived()
        }
    }

    private func arrived() {
        let waiter = state.withLock { state in
            state.hasArrived = true
            return state.waiter.take()
        }
        waiter?.resume()
    }
}
