internal import Fetch

extension E2BClient {
    private static let healthLimit = Duration.seconds(5)

    /// Asks envd whether the sandbox is alive. If the sandbox is gone, the edge answers in its place. Protocol.md, 3 and 6.3.
    ///
    /// - Throws: ``E2BError`` if neither answers within 5 s.
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
            throw E2BError(.health, response.head, body: response.body, without: secrets(of: sandbox))
        }
    }

    /// Runs `body`. If its connection broke, this asks once whether the sandbox is still there, so that the end of a sandbox is
    /// reported as `.sandboxGone` instead of as a broken connection. Protocol.md, 6.3.
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
                // This says nothing about the sandbox, so the first error is thrown.
            }
            throw error
        }
    }
}

extension E2BError {
    /// Whether the end of the sandbox may have caused this error: it cuts connections, and the RPC layer then says `unavailable`.
    fileprivate var mayBeSandboxEnd: Bool {
        switch self {
        case .broken: true
        case .refused(let step, 503, _): step != .execute
        default: false
        }
    }
}
