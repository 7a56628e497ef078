import Synchronization

/// Hands one value from who makes it to who waits for it, unless the waiting task was cancelled before.
final class OneShotChannel<Value: Sendable>: Sendable {
    private enum State {
        case empty
        case waiting(CheckedContinuation<Value?, Never>)
        case full(Value)
        case abandoned
    }

    private let state = Mutex(State.empty)

    /// False: nobody waits any more, and the value stays the maker's.
    func deliver(_ value: Value) -> Bool {
        let (isTaken, waiter) = state.withLock { state -> (Bool, CheckedContinuation<Value?, Never>?) in
            switch state {
            case .empty:
                state = .full(value)
                return (true, nil)
            case .waiting(let waiter):
                state = .full(value)
                return (true, waiter)
            case .abandoned: return (false, nil)
            case .full: preconditionFailure("one value")
            }
        }
        waiter?.resume(returning: value)
        return isTaken
    }

    /// nil when the task is cancelled before the value is there. To be called once.
    func receive() async -> Value? {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let ready = state.withLock { state -> Value?? in
                    switch state {
                    case .empty:
                        state = .waiting(continuation)
                        return .none
                    case .full(let value): return .some(value)
                    case .abandoned: return .some(nil)
                    case .waiting: preconditionFailure("one receiver")
                    }
                }
                if case .some(let value) = ready { continuation.resume(returning: value) }
            }
        } onCancel: {
            let waiter = state.withLock { state -> CheckedContinuation<Value?, Never>? in
                switch state {
                case .empty:
                    state = .abandoned
                    return nil
                case .waiting(let waiter):
                    state = .abandoned
                    return waiter
                case .full, .abandoned: return nil
                }
            }
            waiter?.resume(returning: nil)
        }
    }
}
