import E2B
import Interpreter

extension ActionCall {
    func makeCapturedOutput() -> CapturedOutput { CapturedOutput(limit: configuration.fileLimit) }

    /// As the answer shows it; when it is too long for that, the whole of it goes into a file in the sandbox.
    func shown(_ captured: CapturedOutput, _ name: String, in sandbox: Sandbox) async -> String {
        await captured.shown(services.hidden) { whole in
            await storage.save(
                whole, to: "/tmp/e2bcode-\(id)-\(name).txt", in: sandbox, with: client, by: deadline.end)
        }
    }
}
