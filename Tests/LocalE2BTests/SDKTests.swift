import Foundation
import TestSupport
import Testing

/// E2B's official Python SDKs, as published, against the built server.
@Suite(.timeLimit(.minutes(10)), .enabled(if: Machine.canRunSandboxes, .init(rawValue: Machine.needs)))
struct SDKTests {
    @Test func `the official SDKs are content`() async throws {
        let python = try await PythonEnvironment.with(["e2b==2.63.0", "e2b-code-interpreter==2.11.5"])
        let binary = try RunningBinary(["--port", "0"])
        let (port, key) = try await binary.ready()
        let script = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "sdk_check.py")
        let check = Process()
        check.executableURL = python
        check.arguments = [script.path]
        let url = "http://127.0.0.1:\(port)"
        check.environment = [
            "E2B_API_URL": url, "E2B_SANDBOX_URL": url, "E2B_API_KEY": key, "PATH": "/usr/bin:/bin",
        ]
        let output = Pipe()
        (check.standardOutput, check.standardError) = (output, output)
        try check.run()
        let said = await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                let said = (try? output.fileHandleForReading.readToEnd()) ?? Data()
                check.waitUntilExit()
                continuation.resume(returning: said)
            }
        }
        let text = String(decoding: said, as: UTF8.self)
        print(text)
        #expect(check.terminationStatus == 0, "\(text)")
        #expect(text.hasSuffix("all ok\n"))
    }
}
