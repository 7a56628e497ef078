import Foundation
import Synchronization
import TestSupport
import Testing

/// Streams that no real E2B sends, from one that is ours.
@Suite(.timeLimit(.minutes(10)))
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

    @Test func `a hostile stream is told, and the sandbox not left behind`() async throws {
        let played = PlayedStream()
        let e2b = Loopback { connection in
            while let request = connection.readRequest() {
                switch request.line.split(separator: "?")[0].split(separator: " ").prefix(2).joined(separator: " ") {
                case "POST /sandboxes":
                    connection.respond(
                        #"{"templateID":"t","sandboxID":"i0123","envdVersion":"0.6.13","envdAccessToken":"token"}"#,
                        status: "201 Created")
                case "GET /v2/sandboxes": connection.respond("[]")
                case "DELETE /sandboxes/i0123":
                    played.countKill()
                    connection.respond(status: "204 No Content")
                case "POST /process.Process/Start":
                    connection.write(
                        "HTTP/1.1 200 OK\r\nContent-Type: application/connect+json\r\nConnection: close\r\n\r\n")
                    connection.write(Self.envelope(#"{"event":{"start":{"pid":1}}}"#) + played.bytes)
                    return
                default: connection.respond("{}")
                }
            }
        }
        try await Stack.with(environment: ["E2B_API_URL": e2b.url, "E2B_SANDBOX_URL": e2b.url]) { stack in
            for (index, stream) in Self.streams.enumerated() {
                played.bytes = stream.bytes
                let told = try await stack.client.ask("create")
                #expect(told.error.contains("running the command"), "\(stream.name)")
                told.expectFailure()
                try await stack.responder.wait(for: "the kill after \(stream.name)") { played.killCount == index + 1 }
                // A session without a sandbox.
                try await stack.client.ask("shell", ["command": "true"]).expectFailure("No sandbox found")
            }
        }
    }

    /// What a command's stream goes on with, and how many sandboxes have been killed.
    private final class PlayedStream: Sendable {
        private let state = Mutex<(bytes: [UInt8], killCount: Int)>(([], 0))

        var bytes: [UInt8] {
            get { state.withLock { $0.bytes } }
            set { state.withLock { $0.bytes = newValue } }
        }

        var killCount: Int { state.withLock { $0.killCount } }
        func countKill() { state.withLock { $0.killCount += 1 } }
    }
}
