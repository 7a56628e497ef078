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
        ("output that is no base64", ScriptedE2B.envelope(#"{"event":{"data":{"stdout":"!!!"}}}"#)),
        ("a second start of no process", ScriptedE2B.envelope(#"{"event":{"start":{"pid":-1}}}"#)),
        ("deep nesting", ScriptedE2B.envelope(#"{"event":"# + String(repeating: "[", count: 100_000))),
    ]

    @Test func `a hostile stream is told, and the sandbox not left behind`() async throws {
        let played = PlayedStream()
        let e2b = ScriptedE2B.start { call, _, connection throws(ScriptedE2B.Over) in
            switch call {
            case "DELETE /sandboxes/i0123": played.countKill()
            case "POST /process.Process/Start":
                connection.write(ScriptedE2B.commandStart + played.bytes)
                throw ScriptedE2B.Over()
            default: break
            }
            return false
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
