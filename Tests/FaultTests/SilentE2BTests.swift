import Foundation
import TestSupport
import Testing

/// E2B accepts a call and never answers. The model hears of it within `E2B_FCGI_E2B_TIMEOUT`, and not in a minute or two,
/// which is what a command or a file may take: the time limit tells the two apart.
@Suite(.timeLimit(.minutes(1)))
struct SilentE2BTests {
    @Test func `silence at any step is told`() async throws {
        try await Stack.with(environment: ["E2B_FCGI_E2B_TIMEOUT": "4"], faults: true) { stack in
            let created = try await stack.client.ask("create")
            let sandboxID = try #require(created["sandboxId"] as? String, "\(created.text)")
            let commandID = try #require(
                try await stack.client.ask("shell", ["command": "sleep 60", "background": true])["commandId"] as? String
            )
            #expect(try await stack.client.ask("execute", ["code": "1"]).isSuccess)
            let file = "/etc/passwd"
            try await expectSilence(
                [
                    "timeout", "info", "connect", "process-start", "process-list", "file-read", "file-write",
                    "file-stat", "execute",
                ],
                stack,
                [
                    ("set_timeout", ["timeout": 5]), ("kill", ["sandboxId": sandboxID]), ("create", [:]),
                    ("shell", ["command": "true"]), ("shell", ["command": "true", "background": true]),
                    ("install", ["code": "x"]), ("command_list", [:]), ("processinfo", ["pid": 1]),
                    ("read_file", ["filePath": file]), ("write_file", ["filePath": "/tmp/x", "fileContent": "x"]),
                    ("get_file_downloadurl", ["filePath": file]), ("execute", ["code": "1", "timeoutMs": 4000]),
                ])
            try await expectSilence(
                ["list"], stack, [("list_sandboxes", [:]), ("kill", [:]), ("create", ["sessionId": "new"])])
            try await expectSilence(
                ["create", "kill", "process-signal"], stack,
                [
                    ("create", ["sessionId": "new"]), ("kill", ["sandboxId": sandboxID]),
                    ("kill_command", ["commandId": commandID]),
                ])
            #expect(try await stack.client.ask("shell", ["command": "echo alive"]).output == "alive\n")
            // It looks for what E2B may have made, longer than is worth waiting for here.
            stack.responder.signal(SIGKILL)
        }
    }

    private func expectSilence(
        _ steps: [String], _ stack: Stack, _ actions: [(String, [String: any Sendable])]
    ) async throws {
        try await stack.set(faults: steps.map { "\($0):hang" }.joined(separator: ";"))
        var requests: [ChildProcess] = []
        for (action, parameters) in actions { requests.append(try await stack.client.begin(action, parameters)) }
        for request in requests { try await request.told().expectFailure("E2B did not answer in time", "Try again.") }
        try await stack.set(faults: "")
    }
}

/// Streams that no real E2B sends, from one that is ours.
@Suite(.timeLimit(.minutes(1)))
struct HostileStreamTests {
    /// What follows a command's start.
    static let streams: [(name: String, bytes: [UInt8])] = [
        ("an envelope of 2 GB", [0, 0x7f, 0xff, 0xff, 0xff]), ("one of 4 GB", [0, 0xff, 0xff, 0xff, 0xff, 0x7b]),
        ("a compressed one", [1, 0, 0, 0, 2, 0x7b, 0x7d]), ("no JSON", [0, 0, 0, 0, 1, 0x7b]),
        ("a number", [0, 0, 0, 0, 1, 0x31]), ("an unknown flag and no end", [0x40, 0, 0, 0, 2, 0x7b, 0x7d]),
        ("an end without the command's", [2, 0, 0, 0, 2, 0x7b, 0x7d]),
        ("output that is no base64", envelope(#"{"event":{"data":{"stdout":"!!!"}}}"#)),
        ("a second start of no process", envelope(#"{"event":{"start":{"pid":-1}}}"#)),
        ("deep nesting", envelope(#"{"event":"# + String(repeating: "[", count: 100_000))),
    ]

    private static func envelope(_ message: String) -> [UInt8] {
        let count = message.utf8.count
        return [0] + (0..<4).map { UInt8(truncatingIfNeeded: count >> (24 - 8 * $0)) } + Array(message.utf8)
    }

    @Test(arguments: streams.map(\.name)) func `a hostile stream is told, and the sandbox not left behind`(name: String)
        async throws
    {
        let stream = try #require(Self.streams.first { $0.name == name }).bytes
        let e2b = Loopback { connection in
            while let request = connection.readRequest() {
                switch request.line.split(separator: "?")[0].split(separator: " ").prefix(2).joined(separator: " ") {
                case "POST /sandboxes":
                    connection.respond(
                        #"{"templateID":"t","sandboxID":"i0123","envdVersion":"0.6.13","envdAccessToken":"token"}"#,
                        status: "201 Created")
                case "GET /v2/sandboxes": connection.respond("[]")
                case "DELETE /sandboxes/i0123": connection.respond(status: "204 No Content")
                case "POST /process.Process/Start":
                    let start = Self.envelope(#"{"event":{"start":{"pid":1}}}"#)
                    connection.write(
                        "HTTP/1.1 200 OK\r\nContent-Type: application/connect+json\r\nConnection: close\r\n\r\n")
                    connection.write(start + stream)
                    return
                default: connection.respond("{}")
                }
            }
        }
        try await Stack.with(environment: ["E2B_API_URL": e2b.url, "E2B_SANDBOX_URL": e2b.url]) { stack in
            try await stack.client.ask("create").expectFailure("running the command")
            // The one that was killed: a session without a sandbox.
            try await stack.client.ask("shell", ["command": "true"]).expectFailure("No sandbox found")
        }
    }
}
