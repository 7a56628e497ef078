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
        /// Those that had their variables before their sandbox was paused. They may have been started anew since.
        var doubted: Set<ContextKey> = []
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

    /// Notes that the sandbox was paused and is resumed: what was known of its kernels may hold no more.
    func doubt(sandbox id: String) {
        for language in Language.allCases {
            let key = ContextKey(sandboxID: id, language: language)
            guard contains(key) else { continue }
            remove(key)
            state.withLock { state in
                if state.doubted.count >= Self.limit { state.doubted = [] }
                state.doubted.insert(key)
            }
        }
    }

    /// Whether the kernel had its variables before its sandbox was paused. It is asked once.
    func takeDoubt(_ key: ContextKey) -> Bool { state.withLock { $0.doubted.remove(key) != nil } }

    func remove(_ key: ContextKey) {
        state.withLock { state in
            guard state.keys.remove(key) != nil else { return }
            state.order.removeAll { $0 == key }
        }
    }
}
