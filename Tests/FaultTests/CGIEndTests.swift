import Foundation
import Synchronization
import TestSupport
import Testing

/// The end of a CGI response, which the web server waits for.
@Suite(.timeLimit(.minutes(5)), .serialized)
struct CGIEndTests {
    @Test func `stdout closes with the answer, and not with the end of the sandbox`() async throws {
        let mayDelete = Mutex(false)
        let isDeleting = Mutex(false)
        let e2b = ScriptedE2B.start { call, _, connection throws(ScriptedE2B.Over) in
            switch call {
            case "POST /execute":
                connection.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                connection.write(
                    chunk: "{\"type\": \"stdout\", \"text\": \"hello\"}\n{\"type\": \"end_of_execution\"}\n")
                connection.write(chunk: "")
                return true
            case "DELETE /sandboxes/i0123":
                isDeleting.withLock { $0 = true }
                // A thread of its own.
                while !mayDelete.withLock({ $0 }) { usleep(10_000) }
                return false
            default: return false
            }
        }
        defer { mayDelete.withLock { $0 = true } }
        try await Stack.with(environment: ["E2B_API_URL": e2b.url, "E2B_SANDBOX_URL": e2b.url]) { stack in
            let program = try await stack.startCGI(
                "/execute", body: Data(#"{"code": "1"}"#.utf8),
                // Whoever reads to the end has all of it then.
                script: #"set -o pipefail; "$0" | { cat >answer; touch closed; }"#)
            func exists(_ name: String) -> Bool {
                FileManager.default.fileExists(atPath: stack.folder.appending(path: name).path)
            }
            try await program.wait(for: "the end of stdout") { exists("closed") }
            try await program.wait(for: "the call that ends the sandbox") { isDeleting.withLock { $0 } }
            #expect(program.exit == nil)
            let answer = try String(contentsOf: stack.folder.appending(path: "answer"), encoding: .utf8)
            #expect(answer.hasPrefix("Status: 200 ") && answer.contains("hello"), "\(answer)")
            mayDelete.withLock { $0 = true }
            #expect(await program.ended() == .status(0))
        }
    }
}
