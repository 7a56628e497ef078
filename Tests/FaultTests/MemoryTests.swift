import Foundation
import Synchronization
import TestSupport
import Testing

/// What one request may take is bounded, and what all may take together.
@Suite(.timeLimit(.minutes(3)), .enabled(if: !Sanitizer.isWatchingAddresses))
struct MemoryTests {
    @Test func `a line of output without end does not stay in memory`() async throws {
        try await withPlayedE2B { stack in
            let before = try peak(of: stack.responder)
            for (path, body) in [
                ("/execute", #"{"code": "text 150"}"#),
                ("/e2bcode", #"{"action": "execute", "sessionId": "s", "code": "text 150"}"#),
            ] {
                let reply = try await stack.client.send("POST", path, body: Data(body.utf8))
                #expect(reply.status == 200 && reply.text.contains("left out"), "\(reply.text.prefix(300))")
            }
            let peak = try peak(of: stack.responder)
            // It was 470 to 831 MB.
            #expect(peak - before < 130 << 20, "\(peak >> 20) MB, and \(before >> 20) before")
        }
    }

    @Test func `files are written out of the requests' own bodies`() async throws {
        try await withPlayedE2B { stack in
            let before = try peak(of: stack.responder)
            let count = 31 << 20
            let body = Data(
                #"{"action": "write_file", "sessionId": "s", "filePath": "/x", "fileContent": ""#.utf8
                    + [UInt8](repeating: 65, count: count) + #""}"#.utf8)
            var requests: [ChildProcess] = []
            for _ in 0..<8 { requests.append(try await stack.client.start("POST", "/e2bcode", body: body)) }
            for request in requests {
                let told = try await request.told()
                #expect(told.isSuccess && told["bytes"] as? Int == count, "\(told.text)")
            }
            let peak = try peak(of: stack.responder)
            // It was 106 MB for each.
            #expect(peak - before < 8 * count * 5 / 4 + 60 << 20, "\(peak >> 20) MB, and \(before >> 20) before")
        }
    }

    @Test func `what finds no room is told to come back`() async throws {
        let environment = ["E2B_FCGI_MEMORY": "80000000", "E2B_FCGI_IMAGE_INPUT_BYTES": "1000000"]
        try await withPlayedE2B(environment) { stack in
            // Takes more than half of it, and stays.
            let body = Data(
                #"{"action": "write_file", "sessionId": "s", "filePath": "/stuck", "fileContent": ""#.utf8
                    + [UInt8](repeating: 65, count: 31 << 20) + #""}"#.utf8)
            var requests: [ChildProcess] = []
            for _ in 0..<4 { requests.append(try await stack.client.start("POST", "/e2bcode", body: body)) }
            // Whichever come first are stuck.
            try await stack.responder.wait(for: "two refusals") { requests.count { $0.exit != nil } == 2 }
            for request in requests where request.exit != nil {
                try await request.told().expectFailure("memory is taken", status: 429, retryAfter: "5")
            }
            // What is short is done all the same.
            #expect(try await stack.client.send("GET", "/health").status == 200)
            for request in requests { request.signal(SIGKILL) }
        }
    }

    // MARK: -

    /// Bytes that the process had at most.
    private func peak(of process: ChildProcess) throws -> Int {
        let status = try String(contentsOfFile: "/proc/\(process.pid)/status", encoding: .utf8)
        let line = try #require(status.firstMatch(of: #/VmHWM:\s*(\d+) kB/#))
        return try #require(Int(line.1)) << 10
    }

    /// With a session. Code `text 150` prints 150 MB in one line; a file `/stuck` is never written.
    private func withPlayedE2B(_ environment: [String: String] = [:], _ body: (Stack) async throws -> Void) async throws
    {
        let e2b = ScriptedE2B.start { call, request, connection throws(ScriptedE2B.Over) in
            switch call {
            case "POST /execute":
                connection.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                connection.write(chunk: "{\"type\": \"number_of_executions\", \"execution_count\": 1}\n")
                connection.write(chunk: #"{"type": "stdout", "text": ""#)
                let piece = String(repeating: "x", count: 1_000_000)
                for _ in 0..<150 { guard connection.write(chunk: piece) else { throw ScriptedE2B.Over() } }
                connection.write(chunk: "\"}\n{\"type\": \"end_of_execution\"}\n")
                connection.write(chunk: "")
            case "POST /files" where request.line.contains("stuck"):
                connection.waitForHangUp()
                throw ScriptedE2B.Over()
            case "POST /files": connection.respond(#"[{"path":"/x","name":"x","type":"file"}]"#)
            case "POST /process.Process/Start":
                connection.write(ScriptedE2B.commandStart + ScriptedE2B.commandEnd)
                throw ScriptedE2B.Over()
            default: return false
            }
            return true
        }
        try await ScriptedE2B.withSession(e2b, environment, body)
    }
}
