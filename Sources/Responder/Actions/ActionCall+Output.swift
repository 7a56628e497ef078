import E2B
import Interpreter

extension ActionCall {
    func makePrintout() -> Printout { Printout(limit: configuration.fileLimit) }

    /// As the answer shows it; when it is too long for that, the whole of it goes into a file in the sandbox.
    func shown(_ printout: Printout, _ name: String, in sandbox: Sandbox) async -> String {
        await printout.shown(services.hidden) { whole in
            await storage.save(
                whole, to: "/tmp/e2bcode-\(id)-\(name).txt", in: sandbox, with: client, by: deadline.end)
        }
    }
}
