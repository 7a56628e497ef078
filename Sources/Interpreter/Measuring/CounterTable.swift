import Synchronization

/// Counts events by label. The number of labels has to be bounded by their type.
package final class CounterTable<Label: Hashable & Sendable>: Sendable {
    private let counts = Mutex<[Label: Int]>([:])

    package init() {}

    package func add(_ label: Label) { counts.withLock { $0[label, default: 0] += 1 } }

    package var all: [Label: Int] { counts.withLock { $0 } }

    package var total: Int { counts.withLock { $0.values.reduce(0, +) } }
}

/// Counts events of one kind.
package final class Counter: Sendable {
    private let count = Atomic(0)

    package init() {}

    package func add(_ count: Int = 1) { self.count.wrappingAdd(count, ordering: .relaxed) }

    package var value: Int { count.load(ordering: .relaxed) }
}
