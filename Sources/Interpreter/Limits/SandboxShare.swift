import Synchronization

/// Limits the number of running sandboxes that the sessions of one owner have.
///
/// The sandboxes are counted by E2B's list, which has those of all responders. What is said here of a creation goes for
/// resuming a paused sandbox, too. A creation also counts the creations
/// that this process began earlier and that have not ended; it does not count later ones, so that two creations at the
/// same time do not refuse each other. Responders that create sandboxes at the same moment may exceed the limit
/// together.
final class SandboxShare: Sendable {
    /// nil if there is no limit.
    private let limit: Mutex<Int?>
    /// The marks of the creations in progress, by owner, in the order in which they began.
    private let marks = Mutex<[String: [String]]>([:])

    init(limit: Int?) { self.limit = Mutex(limit) }

    func set(limit: Int?) { self.limit.withLock { $0 = limit } }

    /// Creates or resumes a sandbox for `owner` if it may have one more.
    ///
    /// - Parameters:
    ///   - mark: a unique value that the metadata of the sandbox will have.
    ///   - list: returns the marks of the owner's sandboxes.
    /// - Throws: `.tooManySandboxes`, or what the closures throw.
    func create<Value>(
        for owner: String, mark: String, among list: () async throws -> [String?], _ create: () async throws -> Value
    ) async throws -> Value {
        guard let limit = limit.withLock({ $0 }) else { return try await create() }
        let earlier = marks.withLock { marks in
            let earlier = marks[owner] ?? []
            marks[owner] = earlier + [mark]
            return earlier
        }
        defer {
            marks.withLock { marks in
                let left = marks[owner]?.filter { $0 != mark } ?? []
                marks[owner] = left.isEmpty ? nil : left
            }
        }
        // E2B may list sandboxes whose creation is still in progress; these must not be counted twice.
        let others = try await list().filter { mark in mark.map { !earlier.contains($0) } ?? true }
        guard others.count + earlier.count < limit else { throw InterpreterError.tooManySandboxes(limit: limit) }
        return try await create()
    }
}
