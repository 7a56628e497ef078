import Synchronization

/// How many sandboxes the sessions of one owner may have.
///
/// E2B knows what there is, whichever responder made it. Beside that only those count that this process is making at the
/// moment, and of those the ones that were begun earlier: two that are made at the same time do not keep each other out.
/// Responders that make some at the same moment may together go beyond the limit, by as many as there are responders.
final class SandboxShare: Sendable {
    /// nil: there is no limit.
    private let limit: Int?
    /// By owner, in the order in which they were begun.
    private let marks = Mutex<[String: [String]]>([:])

    init(limit: Int?) { self.limit = limit }

    /// Makes one more for `owner`.
    ///
    /// - Parameters:
    ///   - mark: unique, and in the metadata of what is made.
    ///   - list: the marks of those that there are.
    /// - Throws: `.tooManySandboxes`; what the closures throw.
    func create<Value>(
        for owner: String, mark: String, among list: () async throws -> [String?], _ create: () async throws -> Value
    ) async throws -> Value {
        guard let limit else { return try await create() }
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
        // Some of those that are being made are there already.
        let others = try await list().filter { mark in mark.map { !earlier.contains($0) } ?? true }
        guard others.count + earlier.count < limit else { throw InterpreterError.tooManySandboxes(limit: limit) }
        return try await create()
    }
}
