import E2B
package import FoundationEssentials
import System

/// Creates a link to a file. The link works without a key for a limited time. If there is a store, the link leads to a copy there.
package struct LinkToFile: SessionAction {
    package var session: String
    package var path: SandboxPath
    package var lifetime: Duration

    package init(session: String, path: SandboxPath, lifetime: Duration) {
        self.session = session
        self.path = path
        self.lifetime = lifetime
    }

    package func perform(_ call: ActionCall) async throws -> LinkToFileResult {
        do {
            return try await inSandbox(call) { sandbox in
                let entry = try await call.client.entry(at: path.text, in: sandbox)
                guard entry.kind != .directory else { throw InterpreterError.isDirectory(path.text) }
                if let shared = try await call.share(path.text, for: lifetime, in: sandbox) { return shared }
                return try call.link(to: path.text, for: lifetime, in: sandbox)
            }
        } catch E2BError.notFound {
            throw InterpreterError.noFile(path.text)
        }
    }
}

extension ActionCall {
    /// Creates a link without a request to E2B.
    func link(to path: String, for lifetime: Duration, in sandbox: Sandbox) throws(E2BError) -> LinkToFileResult {
        let end = LinkToFileResult.end(after: lifetime)
        return LinkToFileResult(
            url: try client.downloadURL(of: path, expiresAt: end, in: sandbox), endsAt: end,
            sandboxIdle: sandboxes.idle)
    }
}

package struct LinkToFileResult: Sendable {
    package let url: String
    package let endsAt: Date
    /// The time after its last use when the sandbox ends, and the link with it; nil if the sandbox has a time of its own, or if
    /// the link leads to a copy in the store.
    package var sandboxIdle: Duration?

    /// Returns the end of a link that is made now, in whole seconds.
    static func end(after lifetime: Duration) -> Date {
        Date(timeIntervalSince1970: (Date.now + lifetime.inSeconds).timeIntervalSince1970.rounded())
    }
}
