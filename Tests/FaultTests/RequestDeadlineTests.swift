import Foundation
import Synchronization
import TestSupport
import Testing

/// The steps of a request share one time. What is stuck costs little more than its own limit, and is told.
@Suite(.timeLimit(.minutes(10)))
struct RequestDeadlineTests {
    /// The envd of its one sandbox starts commands, and says nothing of them any more, nor of anything else.
    @Test func `a sandbox that is stuck costs a command little more than its time limit`() async throws {
        try await withPlayedE2B { stack, _ in
            // What they took together before was more than this suite's time.
            for _ in 0..<4 {
                try await stack.client.ask("shell", ["command": "stuck", "timeoutMs": 1000])
                    .expectFailure("time limit of 1 second")
            }
        }
    }

    @Test func `the two commands of system_install have one time limit`() async throws {
        try await withPlayedE2B(["E2B_FCGI_MAX_TIMEOUT": "60"]) { stack, limits in
            let told = try await stack.client.ask("system_install", ["packages": ["x"]])
            #expect(told.isSuccess, "\(told.text)")
            let (update, install) = (try #require(limits.of("update")), try #require(limits.of("install")))
            // The first one took two seconds.
            #expect(update == 60_000 && install <= 58_000)
        }
    }

    @Test func `what does not come to its turn in time is told`() async throws {
        try await withPlayedE2B(["E2B_FCGI_MAX_TIMEOUT": "2", "E2B_FCGI_E2B_TIMEOUT": "2"]) { stack, _ in
            var requests: [ChildProcess] = []
            for _ in 0..<12 {
                requests.append(try await stack.client.begin("execute", ["code": "stuck", "timeoutMs": 2000]))
            }
            var errors: [String] = []
            for request in requests {
                let told = try await request.told()
                #expect(told.status == 200 && !told.isSuccess, "\(told.text)")
                errors.append(told.error)
            }
            #expect(errors.contains { $0.contains("time limit of 2 seconds") }, "\(errors)")
            #expect(errors.contains { $0.contains("Nothing was done") }, "\(errors)")
            // The next one has a time of its own.
            try await stack.client.ask("execute", ["code": "stuck", "timeoutMs": 1000])
                .expectFailure("time limit of 1 second")
        }
    }

    // MARK: -

    /// `Connect-Timeout-Ms` of commands, by a word of their own.
    private final class Limits: Sendable {
        private let limits = Mutex<[String: Int]>([:])
        func of(_ word: String) -> Int? { limits.withLock { $0[word] } }

        func note(_ request: Loopback.Request) {
            let name = "connect-timeout-ms:"
            guard let line = request.headers.first(where: { $0.lowercased().hasPrefix(name) }),
                let limit = Int(line.dropFirst(name.count).filter(\.isNumber))
            else { return }
            for word in ["update", "install"] where request.text.contains("\"\(word)\"") {
                limits.withLock { $0[word] = limit }
            }
        }
    }

    /// A session is there.
    private func withPlayedE2B(
        _ environment: [String: String] = [:], _ body: (Stack, Limits) async throws -> Void
    ) async throws {
        let limits = Limits()
        let e2b = ScriptedE2B.start { call, request, connection throws(ScriptedE2B.Over) in
            switch call {
            case "POST /sandboxes", "GET /v2/sandboxes", "DELETE /sandboxes/i0123": return false
            case "POST /execute":
                connection.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                connection.write(chunk: "{\"type\": \"number_of_executions\", \"execution_count\": 1}\n")
                connection.waitForHangUp()
            case "POST /process.Process/Start":
                limits.note(request)
                connection.write(ScriptedE2B.commandStart)
                if request.text.contains("\"update\"") { usleep(2_000_000) }
                if ["whoami", "\"update\"", "\"install\""].contains(where: request.text.contains) {
                    connection.write(ScriptedE2B.commandEnd)
                } else {
                    connection.waitForHangUp()
                }
            default: connection.waitForHangUp()
            }
            throw ScriptedE2B.Over()
        }
        try await ScriptedE2B.withSession(e2b, environment) { try await body($0, limits) }
    }
}

extension Loopback.Request {
    fileprivate var text: String { String(decoding: body, as: UTF8.self) }
}
