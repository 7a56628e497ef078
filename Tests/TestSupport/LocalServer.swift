package import Foundation

/// `e2b-local`, ready, on a port that the kernel chose: one that was free a moment ago may be taken by now.
package struct LocalServer: Sendable {
    package let process: ChildProcess
    package let url: String
    /// The one it made for this start.
    package let key: String

    /// - Parameters:
    ///   - arguments: beside the port.
    ///   - folder: where its output goes.
    package init(_ arguments: [String] = [], in folder: URL) async throws {
        let process = try await ChildProcess(Binaries.local, ["--port", "0"] + arguments, in: folder)
        do {
            try await process.wait(for: "the ready line") { process.outputText.contains("\n") }
            guard let ready = process.outputText.wholeMatch(of: /ready (http:\/\/127\.0\.0\.1:\d+) (\S+)\n/) else {
                throw HarnessError.unreadable("the ready line \(process.outputText)")
            }
            (url, key) = (String(ready.1), String(ready.2))
        } catch {
            await process.stop()
            throw error
        }
        self.process = process
    }
}
