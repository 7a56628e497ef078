import E2B
import Synchronization

/// Prepares output for an answer. Output that is too long for it goes into a file of the sandbox.
package final class OutputStorage: Sendable {
    private let call: ActionCall
    private let sandbox: Sandbox
    private let isBroken = Atomic(false)

    init(_ call: ActionCall, in sandbox: Sandbox) {
        self.call = call
        self.sandbox = sandbox
    }

    var secrets: SecretRedactor { call.secrets }

    /// Returns the text for the answer. If the output is too long for an answer, this writes all of it into a file of
    /// the sandbox, which the text names.
    ///
    /// - Parameter name: the name of the file, unique within the call.
    func shown(_ captured: CapturedOutput, as name: String) async -> String {
        await captured.shown(call.secrets) { await save($0, to: "/tmp/e2bcode-\(call.id)-\(name).txt") }
    }

    /// - Returns: the path of the file; nil if it could not be written. The answer then names no file.
    private func save(_ whole: [UInt8], to path: String) async -> String? {
        // If the sandbox did not accept the first file, the second one is not tried: it would take the answer's time.
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

    /// The time limit of writing one file. Each two megabytes add a second to it.
    private static let limit = Duration.seconds(5)
}
