import E2B
import Synchronization

/// Where a call puts what is too long for its answer: files of the sandbox.
final class Storage: Sendable {
    private let isBroken = Atomic(false)

    /// - Returns: where it is now; nil when it could not be put there. The answer then does not name a place.
    func save(
        _ whole: [UInt8], to path: String, in sandbox: Sandbox, with client: E2BClient, by end: ContinuousClock.Instant
    ) async -> String? {
        // A sandbox that did not take the first file need not be waited for with the second.
        guard !isBroken.load(ordering: .relaxed) else { return nil }
        let limit = min(end, .now + Self.limit + .seconds(whole.count >> 21))
        return await E2BClient.$deadline.withValue(limit) {
            do throws(E2BError) {
                return try await client.write(whole, to: path, in: sandbox).path
            } catch {
                isBroken.store(true, ordering: .relaxed)
                return nil
            }
        }
    }

    /// Beside a second for each two megabytes.
    private static let limit = Duration.seconds(5)
}
