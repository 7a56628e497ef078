import Synchronization

/// A number that several tasks count up.
package final class SharedCounter: Sendable {
    private let value = Atomic(0)

    package init() {}

    /// The next number, from 1 on.
    package func next() -> Int { value.add(1, ordering: .relaxed).newValue }
}
