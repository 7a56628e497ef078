import Synchronization

/// A language's kernel in a sandbox.
struct ContextKey: Hashable, Sendable {
    let sandboxID: String
    let language: Language
}

/// The kernels that have their sandbox's variables, as far as this process knows. One that is forgotten is prepared once more,
/// which does no harm.
final class PreparedKernels: Sendable {
    private struct State {
        var keys: Set<ContextKey> = []
        /// In the order in which they came.
        var order: [ContextKey] = []
    }

    private let state = Mutex(State())
    private static let limit = 10_000

    func contains(_ key: ContextKey) -> Bool { state.withLock { $0.keys.contains(key) } }

    func insert(_ key: ContextKey) {
        state.withLock { state in
            guard state.keys.insert(key).inserted else { return }
            state.order.append(key)
            guard state.order.count > Self.limit else { return }
            for old in state.order.prefix(Self.limit / 2) { state.keys.remove(old) }
            state.order.removeFirst(Self.limit / 2)
        }
    }

    func remove(_ key: ContextKey) {
        state.withLock { state in
            guard state.keys.remove(key) != nil else { return }
            state.order.removeAll { $0 == key }
        }
    }
}
