import Synchronization

/// Hands one value from the task that makes it to the task that waits for it, unless the latter was cancelled before.
package final class OneShotChannel<Value: Sendable>: Sendable {
    private enum State {
        case empty
        case waiting(CheckedContinuation<Value?, Never>)
        case full(Value)
        case abandoned
    }

    private let state = Mutex(State.empty)

    package init() {}

    /// - Returns: false if nobody waits any more. The value then stays with the task that made it.
    package func deliver(_ value: Value) -> Bool {
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

    /// Waits for the value. Call it once.
    ///
    /// - Returns: nil if the task is cancelled before the value is there.
    package func receive() async -> Value? {
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
