import Foundation
import TestSupport
import Testing

/// Files that are written while the request that brings them arrives: where they go and how they are encoded is said
/// before their content.
@Suite(.timeLimit(.minutes(10)), .serialized)
struct FileStreamTests {
    private static let noise = Data((0..<3 << 20).map { UInt8(truncatingIfNeeded: ($0 &* 0x9E37_79B1) >> 11) })

    private func body(
        _ session: String, _ path: String, encoding: String = "base64", content: Data, after: String = "}"
    ) -> Data {
        Data(
            #"{"action":"write_file","sessionId":"\#(session)","filePath":"\#(path)","encoding":"\#(encoding)","fileContent":""#
                .utf8) + content + Data("\"\(after)".utf8)
    }

    private func write(_ stack: Stack, _ body: Data) async throws -> (status: Int, answer: ActionAnswer) {
        let reply = try await stack.client.send("POST", "/e2bcode", body: body)
        return (reply.status, try ActionAnswer(reply))
    }

    @Test func `a large file is written as it arrives, or not at all`() async throws {
        try await Stack.with { stack in
            try await stack.client.withSession { session in
                let base64 = Self.noise.base64EncodedData()
                let sum = "hashlib.sha256(open('/tmp/a.bin','rb').read()).hexdigest()"
                func sha() async throws -> String { try await session.python("import hashlib; print(\(sum))") }

                let written = try await write(stack, body(session.id, "/tmp/a.bin", content: base64))
                #expect(written.answer["bytes"] == .number(Double(Self.noise.count)), "\(written.answer)")
                #expect(written.answer["message"] == "File written to /tmp/a.bin")
                let before = try await sha()
                #expect(
                    try await session.shell("stat -c '%s %a' /tmp/a.bin") == "\(Self.noise.count) 644\n")

                // Whatever is wrong, and wherever, what was there stays, and nothing else does.
                for (content, after, status, error) in [
                    (base64 + Data("A=AA".utf8), "}", 200, "`fileContent` must be base64, as `encoding` says."),
                    (
                        base64 + Data(#"\ud83d"#.utf8), "}", 200,
                        "`fileContent` has half of a character (an unpaired surrogate, as of an emoji that was cut): send it whole."
                    ),
                    (base64, "", 400, "The body must be a JSON object with `action` and its parameters."),
                    (base64, ",}", 400, "The body must be a JSON object with `action` and its parameters."),
                    (
                        base64 + Data([0xFF]), "}", 400,
                        "The body must be a JSON object with `action` and its parameters."
                    ),
                ] {
                    let refused = try await write(
                        stack, body(session.id, "/tmp/a.bin", content: content, after: after))
                    #expect(refused.status == status, "\(refused.answer)")
                    #expect(refused.answer["error"] == .text(error), "\(refused.answer)")
                }
                let large = Data(repeating: 65, count: 45 << 20)
                let refused = try await write(stack, body(session.id, "/tmp/a.bin", content: large))
                #expect(refused.status == 200)
                #expect(refused.answer["error"].string?.contains("must be at most") == true, "\(refused.answer)")
                #expect(try await sha() == before)
                #expect(try await session.shell("ls -A /tmp | grep -c part || true") == "0\n")

                // Members behind the content are read as well, and the first of a name counts.
                let text = Data((0..<30_000).map { #"line \#($0) é \u00e9 \ud83e\udd86\n"# }.joined().utf8)
                let last = try await write(
                    stack,
                    body(
                        session.id, "/tmp/b.txt", encoding: "utf-8", content: text,
                        after: #","encoding":"base64","filePath":"/tmp/other","more":[1,{"fileContent":"x"}]}"#))
                #expect(last.answer.isSuccess, "\(last.answer)")
                #expect(
                    try await session.python(
                        "print(open('/tmp/b.txt').read() == ''.join(f'line {i} é é 🦆\\n' for i in range(30000)))")
                        == "True\n")
            }
        }
    }

    @Test func `what a file is besides its content stays`() async throws {
        try await Stack.with { stack in
            try await stack.client.withSession { session in
                _ = try await session.shell(
                    "cd /tmp; echo x >run; chmod 755 run; echo x >target; ln -s target link; mkdir dir")
                let base64 = Self.noise.base64EncodedData()
                for name in ["run", "link"] {
                    let written = try await write(stack, body(session.id, "/tmp/\(name)", content: base64))
                    #expect(written.answer.isSuccess, "\(written.answer)")
                }
                #expect(
                    try await session.shell("cd /tmp; stat -c '%a %s' run target; readlink link")
                        == "755 \(Self.noise.count)\n644 \(Self.noise.count)\ntarget\n")
                // As it is said of a short one.
                let short = try await session("write_file", ["filePath": "/tmp/dir", "fileContent": "x"])
                let long = try await write(stack, body(session.id, "/tmp/dir", content: base64))
                #expect(!short.isSuccess && long.answer.json == short.json)
            }
        }
    }

    @Test(.enabled(if: !Sanitizer.isWatchingAddresses))
    func `eight files of 32 MB at once are not in memory`() async throws {
        try await Stack.with { stack in
            try await stack.client.withSession { session in
                let before = try peak(of: stack.responder)
                let content = Data(repeating: 65, count: (32 << 20) / 3 * 4)
                try await withThrowingTaskGroup { group in
                    for number in 0..<8 {
                        group.addTask {
                            let written = try await write(stack, body(session.id, "/tmp/\(number)", content: content))
                            #expect(written.answer.isSuccess, "\(written.answer)")
                        }
                    }
                    try await group.waitForAll()
                }
                let peak = try peak(of: stack.responder)
                #expect(peak - before < 64 << 20, "\(peak >> 20) MiB, and \(before >> 20) before")
            }
        }
    }

    private func peak(of process: ChildProcess) throws -> Int {
        let status = try String(contentsOfFile: "/proc/\(process.pid)/status", encoding: .utf8)
        let line = try #require(status.firstMatch(of: #/VmHWM:\s*(\d+) kB/#))
        return try #require(Int(line.1)) << 10
    }
}
