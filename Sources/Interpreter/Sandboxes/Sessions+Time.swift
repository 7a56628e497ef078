import E2B
package import FoundationEssentials
import System

/// How long the sandboxes of sessions live.
extension Sessions {
    /// - Returns: when the sandbox will end.
    package func setTimeout(_ timeout: Duration, _ key: SessionKey) async throws -> Date {
        try await with(key, .lookingOnly) { sandbox in
            let end = Date.now + timeout.inSeconds
            do throws(E2BError) {
                try await client.setTimeout(timeout, sandbox: sandbox.id)
            } catch .notFound(_, let message) {
                throw E2BError.sandboxGone(message: message)
            }
            cache.extend(key, until: end)
            lifecycle.measurements.usage.extended(sandbox.id, to: timeout)
            return end
        }
    }

    /// Has the sandbox live for `idle` from now on, if it would end clearly earlier. Returns at once: the answer does not
    /// wait for it.
    func prolong(_ key: SessionKey, for idle: Duration) {
        guard let session = cache.session(key), session.endsAt.timeIntervalSinceNow < idle.inSeconds * 0.8 else {
            return
        }
        // This task is independent of the request and of its deadline. If it fails, the next use tries again.
        Task { await E2BClient.$deadline.withValue(nil) { _ = try? await setTimeout(idle, key) } }
    }

    /// Has the sandbox live as long as the use may take, if it would end before.
    func prolong(
        _ session: Session, _ key: SessionKey, for idle: Duration, taking time: Duration
    ) async throws(E2BError) {
        let needed = time + Self.margin
        guard session.endsAt.timeIntervalSinceNow < needed.inSeconds else { return }
        let timeout = max(idle, needed)
        let end = Date.now + timeout.inSeconds
        do throws(E2BError) {
            try await client.setTimeout(timeout, sandbox: session.sandbox.id)
            cache.extend(key, until: end)
            lifecycle.measurements.usage.extended(session.sandbox.id, to: timeout)
        } catch .notFound(_, let message) {
            throw .sandboxGone(message: message)
        } catch .cancelled {
            throw .cancelled
        } catch {
            // The use may be shorter than it may be, so it is not refused for that.
        }
    }

    /// What a use takes beyond its own time limit, such as ending it.
    private static let margin = Duration.seconds(10)
}
