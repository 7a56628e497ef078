internal import Fetch

extension E2BClient {
    private static let healthLimit = Duration.seconds(5)

    /// Whether the sandbox is alive, as its own daemon says, or the edge in its place. Protocol.md, 3, 6.3.
    ///
    /// - Throws: ``E2BError`` when nobody says either, within 5 s.
    public func isAlive(_ sandbox: Sandbox) async throws(E2BError) -> Bool {
        do {
            try await checkHealth(of: sandbox)
            return true
        } catch .sandboxGone {
            return false
        }
    }

    private func checkHealth(of sandbox: Sandbox) async throws(E2BError) {
        var request = try request(.health, "GET", "/health", of: .envd, in: sandbox)
        request.timeout = min(request.timeout, Self.healthLimit)
        let response = try await response(.health, to: request)
        guard (200..<300).contains(response.head.status) else {
            throw E2BError(.health, response.head, body: response.body, hiding: secrets(of: sandbox))
        }
    }

    /// Does it, and when the connection broke asks once whether the sandbox is still there, so that one that ended
    /// meanwhile is `.sandboxGone` and not a riddle. Protocol.md, 6.3.
    func explaining<Value>(
        _ sandbox: Sandbox, _ body: () async throws(E2BError) -> Value
    ) async throws(E2BError) -> Value {
        do {
            return try await body()
        } catch {
            guard error.mayBeSandboxEnd, !Task.isCancelled else { throw error }
            do throws(E2BError) {
                try await checkHealth(of: sandbox)
            } catch .sandboxGone(let message) {
                throw .sandboxGone(message: message)
            } catch {
                // Nothing is known about the sandbox: the first error says more.
            }
            throw error
        }
    }
}

extension E2BError {
    /// What the end of a sandbox looks like to those who talk to it: a cut, or the RPC layer's `unavailable`.
    fileprivate var mayBeSandboxEnd: Bool {
        switch self {
        case .broken: true
        case .refused(let step, 503, _): step != .execute
        default: false
        }
    }
}
