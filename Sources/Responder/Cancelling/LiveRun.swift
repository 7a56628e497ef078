import Interpreter
import Synchronization

/// A tool's call under way that its client may cancel by a request of its own.
final class LiveRun: Sendable {
    let key: RunKey
    /// Of this run alone: 16 hexadecimal digits.
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

    /// Runs `work`, whose task is cancelled when the run is. Call it once.
    func cancellable<Value: Sendable>(_ work: @escaping @Sendable () async -> Value) async -> Value {
        await withTaskGroup(of: Value?.self) { group in
            group.addTask { await work() }
            group.addTask { [cancellation] in
                _ = await cancellation.receive()
                return nil
            }
            var value: Value?
            // Whichever ends first ends the other one: the work is told, and says in its result what became of it.
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
    /// 16 digits.
    var hexadecimal: String {
        let digits = String(self, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
