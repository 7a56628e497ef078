import Interpreter
import Synchronization

/// A running tool call that its client can cancel by another request.
final class LiveRun: Sendable {
    let key: RunKey
    /// The unique id of the run, 16 hexadecimal digits.
    let name: String
    private let cancellation = OneShotChannel<Void>()
    private let wasCancelled = Atomic(false)

    init(_ key: RunKey) {
        self.key = key
        name = UInt64.random(in: .min ... .max).hexadecimal
    }

    var isCancelled: Bool { wasCancelled.load(ordering: .acquiring) }

    func cancel() {
        guard !wasCancelled.exchange(true, ordering: .acquiringAndReleasing) else { return }
        _ = cancellation.deliver(())
    }

    /// Runs `work`, and cancels its task when the run is cancelled. Call it once.
    func cancellable<Value: Sendable>(_ work: @escaping @Sendable () async -> Value) async -> Value {
        await withTaskGroup(of: Value?.self) { group in
            group.addTask { await work() }
            group.addTask { [cancellation] in
                _ = await cancellation.receive()
                return nil
            }
            var value: Value?
            // The first of the two tasks to end cancels the other one. If the work is cancelled, its result says so.
            for await outcome in group {
                group.cancelAll()
                value = outcome ?? value
            }
            guard let value else { preconditionFailure("the work has a value") }
            return value
        }
    }
}

extension UInt64 {
    /// The number of digits of the id.
    var hexadecimal: String {
        let digits = String(self, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
