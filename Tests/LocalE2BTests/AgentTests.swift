import Foundation
import Testing

@Suite(.timeLimit(.minutes(10)))
struct AgentTests {
    /// They are written in Python, as the agent is. See `agent_test.py`.
    @Test func `the agent passes its own tests`() async throws {
        let script = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "agent_test.py")
        let python = Process()
        python.executableURL = URL(filePath: "/usr/bin/python3")
        python.arguments = ["-B", script.path]
        let log = FileManager.default.temporaryDirectory.appending(path: "agent-\(UUID()).log")
        try Data().write(to: log)
        defer { try? FileManager.default.removeItem(at: log) }
        python.standardError = try FileHandle(forWritingTo: log)
        try await withCheckedThrowingContinuation { (ended: CheckedContinuation<Void, any Error>) in
            python.terminationHandler = { _ in ended.resume() }
            do { try python.run() } catch { ended.resume(throwing: error) }
        }
        let complaints = try String(contentsOf: log, encoding: .utf8)
        #expect(python.terminationStatus == 0, "\(complaints)")
    }
}
