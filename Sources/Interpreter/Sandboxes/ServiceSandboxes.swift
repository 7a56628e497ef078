package import E2B
package import FoundationEssentials
import System

/// The sandboxes that this service has made, in whatever process, as E2B lists them.
package struct ServiceSandboxes: Sendable {
    package struct Entry: Sendable {
        package let id: String
        package let isPaused: Bool
        package let startedAt: Date
        package let endsAt: Date
        /// The name of the key; nil for one that was made for no caller.
        package let key: String?
        /// The key, and the user if there is one, as people write it.
        package let owner: String?
        /// nil for a sandbox that is used once.
        package let session: String?

        /// - Returns: nil for a sandbox of another program.
        init?(_ info: SandboxInfo) {
            let owner = info.metadata[SessionMark.owner]
            let key = info.metadata[SandboxLifecycle.keyName]
            guard owner != nil || key != nil || info.metadata[SandboxLifecycle.markName] != nil else { return nil }
            id = info.id
            isPaused = info.state == .paused
            startedAt = info.startedAt
            endsAt = info.endsAt
            self.key = key ?? owner.map(OwnerName.key)
            self.owner = owner.map(OwnerName.shown) ?? key
            session = info.metadata[SessionMark.session]
        }
    }

    private let client: E2BClient

    package init(_ client: E2BClient) { self.client = client }

    /// Lists the sandboxes, the oldest first.
    ///
    /// - Parameters:
    ///   - owner: the name of a key, or of a key and a user with a space between them; nil for all.
    ///   - age: those that have existed for less time are left out.
    package func list(of owner: String? = nil, olderThan age: Duration = .zero) async throws(E2BError) -> [Entry] {
        let latest = Date.now - age.inSeconds
        return try await client.list(limit: 10_000).compactMap(Entry.init)
            .filter { owner == nil || $0.key == owner || $0.owner == owner }
            .filter { age == .zero || $0.startedAt <= latest }
            .sorted { ($0.startedAt, $0.id) < ($1.startedAt, $1.id) }
    }

    /// Kills a sandbox.
    ///
    /// - Returns: false if it was gone already.
    package func kill(_ entry: Entry) async throws(E2BError) -> Bool {
        for pause in [Duration.milliseconds(300), .seconds(1), .seconds(3)] {
            do throws(E2BError) {
                return try await client.kill(sandbox: entry.id)
            } catch {
                guard error.isTransient else { throw error }
                // A cancelled task sleeps no more, and its next call throws.
                try? await Task.sleep(for: max(pause, min(error.retryAfter ?? .zero, .seconds(10))))
            }
        }
        return try await client.kill(sandbox: entry.id)
    }
}
