import E2B
import Synchronization

/// Shows output in an answer, and puts what is too long for it into files of the sandbox.
package final class OutputStorage: Sendable {
    private let call: ActionCall
    private let sandbox: Sandbox
    private let isBroken = Atomic(false)

    init(_ call: ActionCall, in sandbox: Sandbox) {
        self.call = call
        self.sandbox = sandbox
    }

    var secrets: SecretRedactor { call.secrets }

    /// As the answer shows it; when it is too long for that, the whole of it goes into a file in the sandbox.
    ///
    /// - Parameter name: of the file; unique within the call.
    func shown(_ captured: CapturedOutput, as name: String) async -> String {
        await captured.shown(call.secrets) { await save($0, to: "/tmp/e2bcode-\(call.id)-\(name).txt") }
    }

    /// - Returns: where it is now; nil when it could not be put there. The answer then does not name a place.
    private func save(_ whole: [UInt8], to path: String) async -> String? {
        // A sandbox that did not take the first file need not be waited for with the second.
        guard !isBroken.load(ordering: .relaxed) else { return nil }
        let limit = min(call.deadline.end, .now + Self.limit + .seconds(whole.count >> 21))
        return await E2BClient.$deadline.withValue(limit) {
            do throws(E2BError) {
                return try await call.client.write(whole, to: path, in: sandbox).path
            } catch {
                isBroken.store(true, ordering: .relaxed)
                return nil
            }
        }
    }

    /// Beside a second for each two megabytes.
    private static let limit = Duration.seconds(5)
}
