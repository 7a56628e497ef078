internal import Dispatch
internal import Synchronization

/// A thread that is started early and waits for its work. If the system grants no thread, the error is thrown at the
/// start, while it can still be reported, and not when the work is due.
package final class ReservedThread: Sendable {
    /// The state that the thread and this object share. The thread does not keep this object alive.
    private final class Orders: Sendable {
        private let body = Mutex<(@Sendable () -> Void)?>(nil)
        private let signal = DispatchSemaphore(value: 0)

        func give(_ body: (@Sendable () -> Void)?) {
            self.body.withLock { $0 = body }
            signal.signal()
        }

        func take() -> (@Sendable () -> Void)? {
            signal.wait()
            return body.withLock { $0.take() }
        }
    }

    private let orders: Orders
    private let hasWork = Atomic(false)

    /// - Parameter name: the name that `ps -L` and `top -H` show, of at most 15 bytes.
    package init(named name: String) throws(SystemError) {
        let orders = Orders()
        try startThread(named: name) { orders.take()?() }
        self.orders = orders
    }

    deinit { if !hasWork.load(ordering: .relaxed) { orders.give(nil) } }

    /// Runs `body` on the thread. Call it once.
    package func run(_ body: @escaping @Sendable () -> Void) {
        hasWork.store(true, ordering: .relaxed)
        orders.give(body)
    }
}
