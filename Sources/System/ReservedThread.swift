internal import Dispatch
internal import Synchronization

/// A thread that is there and waits for its work, so that a system that grants none says so while somebody listens, and not
/// when the work is due.
package final class ReservedThread: Sendable {
    /// What the thread and this object share; the thread does not keep the object alive.
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

    /// - Parameter name: at most 15 bytes.
    package init(named name: String) throws(SystemError) {
        let orders = Orders()
        try startThread(named: name) { orders.take()?() }
        self.orders = orders
    }

    deinit { if !hasWork.load(ordering: .relaxed) { orders.give(nil) } }

    /// To be called once.
    package func run(_ body: @escaping @Sendable () -> Void) {
        hasWork.store(true, ordering: .relaxed)
        orders.give(body)
    }
}
