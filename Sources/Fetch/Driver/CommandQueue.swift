import EventLoop
import Synchronization

/// Commands that tasks send to the driver's thread.
///
/// The loop is woken for the first command only: while one is waiting, the driver is awake or about to be.
final class CommandQueue: Sendable {
    enum Command: Sendable {
        case start(Transfer.ID, FetchRequest, BodyPipe?, Transfer.Receiver)
        case resume(Transfer.ID)
        case finish(Transfer.ID)
        case end(Transfer.ID, FetchError)
    }

    private enum Phase {
        case running
        case stopping([CheckedContinuation<Void, Never>])
        case stopped
    }

    private struct State {
        var commands: [Command] = []
        var phase = Phase.running
    }

    private let loop: EventLoop
    private let state = Mutex(State())

    init(_ loop: EventLoop) { self.loop = loop }

    /// Sends a command; false if the driver has stopped, or is about to.
    @discardableResult
    func post(_ command: Command) -> Bool {
        let (isAccepted, isFirst) = state.withLock { state in
            guard case .running = state.phase else { return (false, false) }
            state.commands.append(command)
            return (true, state.commands.count == 1)
        }
        if isFirst { wake() }
        return isAccepted
    }

    /// Resumes `waiter` when the driver has stopped.
    func stop(_ waiter: CheckedContinuation<Void, Never>?) {
        let hasStopped = state.withLock { state in
            switch state.phase {
            case .running: state.phase = .stopping(waiter.map { [$0] } ?? [])
            case .stopping(let waiters): state.phase = .stopping(waiters + (waiter.map { [$0] } ?? []))
            case .stopped: return true
            }
            return false
        }
        if hasStopped { waiter?.resume() } else { wake() }
    }

    private func wake() { loop.wake() }

    // MARK: Driver thread

    /// Moves the commands into `commands`, which must be empty. False if the driver has to stop after these.
    func take(into commands: inout [Command]) -> Bool {
        state.withLock { state in
            swap(&state.commands, &commands)
            if case .running = state.phase { return true }
            return false
        }
    }

    func didStop() {
        let waiters = state.withLock { state -> [CheckedContinuation<Void, Never>] in
            guard case .stopping(let waiters) = state.phase else { return [] }
            state.phase = .stopped
            return waiters
        }
        for waiter in waiters { waiter.resume() }
    }
}
