import Foundation
import TestSupport
import Testing

@testable import E2B

@Suite(.localSandbox, .serialized, .timeLimit(.minutes(10))) struct LocalFileTests {
    @Test(arguments: [
        "a b.txt", "ä/é\u{301} \u{1F600}.bin", "quo\"te'.txt", "a&b=c+d%20#?;.txt", "new\nline", "back\\slash",
        ".hidden",
        "-rf", "*",
    ])
    func `a file keeps its name and bytes`(name: String) async throws {
        try await LocalSandbox.with { client, sandbox in
            let bytes = Array("--boundary\r\n\u{0}".utf8) + [0xFF, 0xFE]
            let path = "odd/\(name)"
            for version in [sandbox.envdVersion, "0.5.0"] {
                var sandbox = sandbox
                sandbox.envdVersion = version
                let file = try await client.write(bytes, to: path, in: sandbox)
                #expect(
                    file
                        == WrittenFile(
                            path: "/home/user/\(path)", name: name.split(separator: "/").last.map(String.init)!))
                let read = try await client.read(file.path, limit: 100, in: sandbox)
                #expect(read == bytes)
                let entry = try await client.entry(at: path, in: sandbox)
                #expect(entry.path == file.path && entry.name == file.name)
                #expect(entry.kind == .file && entry.size == bytes.count)
                try await client.remove(path, in: sandbox)
            }
        }
    }

    @Test func `an empty file and a large one`() async throws {
        try await LocalSandbox.with { client, sandbox in
            for version in [sandbox.envdVersion, ""] {
                var sandbox = sandbox
                sandbox.envdVersion = version
                try await client.write([], to: "empty", in: sandbox)
                let empty = try await client.read("empty", limit: 0, in: sandbox)
                #expect(empty == [])
                let large = (0..<25_000_000).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 7) }
                try await client.write(large, to: "large", in: sandbox)
                let entry = try await client.entry(at: "~/large", in: sandbox)
                #expect(entry.size == large.count)
                let read = try await client.read("large", limit: large.count, in: sandbox)
                #expect(read == large)
                await #expect(throws: E2BError.tooLarge(.readFile, limit: large.count - 1)) {
                    try await client.read("large", limit: large.count - 1, in: sandbox)
                }
            }
        }
    }

    @Test func `what is no file cannot be read or written`() async throws {
        try await LocalSandbox.with { client, sandbox in
            for path in ["none", "/none/x"] {
                await #expect {
                    try await client.read(path, limit: 10, in: sandbox)
                } throws: { if case E2BError.notFound(.readFile, _) = $0 { true } else { false } }
                await #expect {
                    try await client.entry(at: path, in: sandbox)
                } throws: { if case E2BError.notFound(.lookUpFile, _) = $0 { true } else { false } }
            }
            await #expect {
                try await client.read("/tmp", limit: 10, in: sandbox)
            } throws: { if case E2BError.refused(.readFile, 400, _) = $0 { true } else { false } }
            await #expect {
                try await client.write([1], to: "/tmp", in: sandbox)
            } throws: { if case E2BError.refused(.writeFile, 400, _) = $0 { true } else { false } }
            await #expect {
                try await client.write([1], to: "/usr/bin/x", in: sandbox)
            } throws: { if case E2BError.refused(.writeFile, _, _) = $0 { true } else { false } }
        }
    }

    @Test func `directories`() async throws {
        try await LocalSandbox.with { client, sandbox in
            let isNew = try await client.makeDirectory(at: "d/e", in: sandbox)
            let isNewAgain = try await client.makeDirectory(at: "d/e", in: sandbox)
            #expect(isNew && !isNewAgain)
            try await client.write([1, 2], to: "d/f", in: sandbox)
            try await client.run(.shell("ln -s /home/user/d/f d/l; chmod 600 d/f"), in: sandbox) { _ in }
            let entries = try await client.entries(of: "d", in: sandbox).sorted { $0.name < $1.name }
            #expect(entries.map(\.name) == ["e", "f", "l"])
            #expect(entries[0].kind == .directory && entries[1].kind == .file)
            #expect(entries[1].mode == 0o600 && entries[1].permissions == "-rw-------" && entries[1].size == 2)
            #expect(abs(try #require(entries[1].modifiedAt).timeIntervalSinceNow) < 60)
            #expect(entries[2].symlinkTarget == "/home/user/d/f")
            let moved = try await client.move("d/f", to: "g/h", in: sandbox)
            #expect(moved.path == "/home/user/g/h")
            let deep = try await client.entries(of: "~", depth: 2, in: sandbox)
            #expect(deep.contains { $0.path == "/home/user/g/h" })
            try await client.remove("d", in: sandbox)
            try await client.remove("d", in: sandbox)
            await #expect {
                try await client.entries(of: "d", in: sandbox)
            } throws: { if case E2BError.notFound(.listFiles, _) = $0 { true } else { false } }
            await #expect {
                try await client.entries(of: "g/h", in: sandbox)
            } throws: { if case E2BError.refused(.listFiles, 400, _) = $0 { true } else { false } }
            await #expect {
                try await client.makeDirectory(at: "g/h", in: sandbox)
            } throws: { if case E2BError.refused(.makeDirectory, 400, _) = $0 { true } else { false } }
            await #expect {
                try await client.move("none", to: "x", in: sandbox)
            } throws: { if case E2BError.notFound(.moveFile, _) = $0 { true } else { false } }
        }
    }

    @Test func `a signed URL serves whoever has it, until it expires`() async throws {
        try await LocalSandbox.with { client, sandbox in
            let path = "/home/user/a +&é.txt"
            try await client.write(Array("secret".utf8), to: path, in: sandbox)
            let later = Date(timeIntervalSinceNow: 60)
            let good = [
                try client.downloadURL(of: path, in: sandbox),
                try client.downloadURL(of: path, expiresAt: later, in: sandbox),
                try client.downloadURL(of: path, user: "user", expiresAt: later, in: sandbox),
            ]
            for url in good {
                let answer = try await get(url, sandbox)
                #expect(answer.status == 200 && answer.body == "secret", "\(url)")
            }
            let signed = good[1]
            let stamp = String(Int(later.timeIntervalSince1970))
            let bad = [
                try client.downloadURL(of: path, expiresAt: Date(timeIntervalSinceNow: -5), in: sandbox),
                signed.replacing(stamp, with: String(Int(later.timeIntervalSince1970) + 1)),
                signed.replacing("%26", with: "%27"), signed.replacing("&signature_expiration=\(stamp)", with: ""),
                signed.replacing("signature=v1_", with: "signature=v1_A"), signed + "&username=root",
                try client.uploadURL(to: path, in: sandbox),
            ]
            for url in bad {
                let answer = try await get(url, sandbox)
                #expect(answer.status == 401 && !answer.body.contains("secret"), "\(url)")
            }
            let upload = try client.uploadURL(to: path, expiresAt: later, in: sandbox)
            let answer = try await get(upload, sandbox, uploading: "new")
            #expect(answer.status == 200)
            let read = try await client.read(path, limit: 10, in: sandbox)
            #expect(read == Array("new".utf8))
        }
    }

    /// As somebody without a token asks; the headers stand for the host name that leads to the sandbox.
    private func get(
        _ url: String, _ sandbox: Sandbox, uploading text: String? = nil
    ) async throws -> (status: Int, body: String) {
        var arguments = [
            "--silent", "--max-time", "300", "--write-out", "\n%{http_code}", "--header",
            "E2b-Sandbox-Id: \(sandbox.id)",
            "--header", "E2b-Sandbox-Port: 49983", url,
        ]
        if let text {
            arguments += ["--header", "Content-Type: application/octet-stream", "--data-binary", text]
        }
        let curl = try await ChildProcess(
            Binaries.system("curl"), arguments, in: FileManager.default.temporaryDirectory)
        await curl.ended()
        let lines = curl.outputText.split(separator: "\n", omittingEmptySubsequences: false)
        return (Int(lines.last ?? "") ?? 0, lines.dropLast().joined(separator: "\n"))
    }
}

@Suite(.localSandbox, .serialized, .timeLimit(.minutes(10))) struct LocalContextTests {
    @Test func `a context keeps its own variables`() async throws {
        try await LocalSandbox.with { client, sandbox in
            let context = try await client.createContext(cwd: "/tmp", in: sandbox)
            #expect(context.language == "python" && context.cwd == "/tmp")
            let list = try await client.contexts(in: sandbox)
            #expect(list.contains(context))
            func printed(_ code: String) async throws -> [ExecutionEvent] {
                try await client.events(of: ExecutionRequest(code: code, contextID: context.id), in: sandbox)
            }
            _ = try await printed("import os; x = 5")
            let events = try await printed("print(x, os.getcwd())")
            #expect(events == [.started(count: 2), .stdout("5 /tmp\n")])
            let other = try await client.events(of: ExecutionRequest(code: "x"), in: sandbox)
            #expect(other.contains { if case .failed(let failure) = $0 { failure.name == "NameError" } else { false } })

            try await client.restartContext(context.id, in: sandbox)
            let restarted = try await printed("print('x' in globals())")
            #expect(restarted == [.started(count: 1), .stdout("False\n")])
            try await client.deleteContext(context.id, in: sandbox)
            await #expect {
                try await printed("1")
            } throws: { if case E2BError.notFound(.execute, _) = $0 { true } else { false } }
            await #expect {
                try await client.deleteContext(context.id, in: sandbox)
            } throws: { if case E2BError.notFound(.deleteContext, _) = $0 { true } else { false } }
        }
    }

    @Test func `an execution waits for another one of its context`() async throws {
        try await LocalSandbox.with { client, sandbox in
            let (started, start) = AsyncStream<Void>.makeStream()
            async let first: Void = client.execute(
                ExecutionRequest(code: "import time; time.sleep(4)"), in: sandbox
            ) { _ in start.yield() }
            for await _ in started { break }
            var second = ExecutionRequest(code: "print('second')")
            second.mayQueue = true
            second.silenceLimit = .seconds(2)
            let events = try await client.events(of: second, in: sandbox)
            #expect(events.contains(.stdout("second\n")))
            try await first
        }
    }

    @Test func `a sandbox is found by its id`() async throws {
        try await LocalSandbox.with { client, sandbox in
            let (found, info) = try await client.sandbox(sandbox.id)
            #expect(found.envdAccessToken == sandbox.envdAccessToken && info.id == sandbox.id)
            let events = try await client.events(of: .shell("true"), in: found)
            #expect(events.count == 2)
            await #expect {
                try await client.sandbox("i00000000000000000000")
            } throws: { if case E2BError.notFound(.info, _) = $0 { true } else { false } }
        }
    }
}
