import E2B
import Foundation
import Synchronization
import TestSupport
import Testing

/// The documentation's first page has an example, which is the code of this test.
@Suite(.localSandbox, .timeLimit(.minutes(10)))
struct FirstPageTests {
    @Test func `the first page's example runs, and is what runs here`() async throws {
        let server = try #require(LocalSandbox.server)
        let environment = ["E2B_API_KEY": server.key, "E2B_API_URL": server.url, "E2B_SANDBOX_URL": server.url]
        let printed = Mutex("")
        let print = { @Sendable (text: String, terminator: String) in printed.withLock { $0 += text + terminator } }

        let client = try E2BClient(E2BConfiguration(environment: environment))
        let sandbox = try await client.create(SandboxOptions(timeout: .seconds(60)))
        try await client.execute(ExecutionRequest(code: "print(6 * 7)"), in: sandbox) { event in
            if case .stdout(let text) = event { print(text, "") }
        }
        try await client.write(Array("6 * 7".utf8), to: "question.txt", in: sandbox)
        try await client.run(.shell("wc -c < question.txt"), in: sandbox) { event in
            if case .stdout(let bytes) = event { print(String(decoding: bytes, as: UTF8.self), "") }
        }
        try await client.kill(sandbox: sandbox.id)
        await client.stop()

        #expect(printed.withLock { $0 } == "42\n5\n")
        #expect(try example().allSatisfy(try lines(of: URL(filePath: #filePath)).contains))
    }

    /// Without the line that takes the environment from the process.
    private func example() throws -> [String] {
        let page = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Sources/E2B/E2B.docc/E2B.md")
        let example = try lines(of: page).drop { $0 != "```swift" }.dropFirst(2).prefix { $0 != "```" }
        try #require(example.count > 8)
        return Array(example)
    }

    private func lines(of file: URL) throws -> [String] {
        try String(contentsOf: file, encoding: .utf8).split(separator: "\n").map { line in
            line.trimmingCharacters(in: .whitespaces).replacing(", terminator: \"\")", with: ", \"\")")
        }
    }
}
