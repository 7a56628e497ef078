import Foundation
import Glibc
import TestSupport
import Testing

/// Standard error is a pipe that nobody reads.
@Suite(.timeLimit(.minutes(10)), .serialized)
struct UnreadLogTests {
    @Test func `1,000 requests are answered, what was dropped is told, and SIGTERM ends it`() async throws {
        try await withFullPipe { pipe, wrapper in
            try await LoneResponder.with(wrapper: wrapper) { responder in
                try await ask(1000, of: responder)
                // A line comes a moment after its answer: the last ones may come when there is room again.
                func lines(_ told: String) -> (written: Int, dropped: Int) {
                    let drops = told.matches(of: /(\d+) lines of the log were dropped here/).compactMap { Int($0.1) }
                    return (told.matches(of: /"path":"\/health"/).count, drops.reduce(0, +))
                }
                let told = lines(
                    try await pipe.read(until: "1,000 lines") { lines($0).written + lines($0).dropped >= 1000 })
                #expect(told.dropped > 0 && told.written + told.dropped == 1000)
                // Writing goes on.
                _ = try await responder.get("/health")
                _ = try await pipe.read(until: "one more") { $0.contains(#""path":"/health""#) }
                // And stops once more.
                try await ask(1000, of: responder)
                responder.process.signal(SIGTERM)
                #expect(await responder.process.ended() == .status(0))
                #expect(!responder.hasSocketFile)
            }
        }
    }

    @Test(arguments: [
        ["--listen", "nowhere"], ["--unknown"], ["check", "http://127.0.0.1:1"], ["admit", "absent", "-"],
    ])
    func `a failure that nobody reads is the end all the same`(arguments: [String]) async throws {
        try await withFullPipe { _, wrapper in
            let program = try await ChildProcess(
                Binaries.system("bash"), Array(wrapper.dropFirst()) + [Binaries.responder.path] + arguments,
                in: FileManager.default.temporaryDirectory)
            let exit = await program.ended()
            #expect(exit != .status(0) && exit != .signal(SIGKILL))
        }
    }

    @Test func `a log whose disk is full or whose reader is gone stops nothing`() async throws {
        for target in ["2>/dev/full", "2> >(exec true)"] {
            try await LoneResponder.with(wrapper: ["bash", "-c", "exec \"$@\" \(target)", "--"]) { responder in
                try await ask(50, of: responder)
                responder.process.signal(SIGTERM)
                #expect(await responder.process.ended() == .status(0))
            }
        }
    }

    private func ask(_ count: Int, of responder: LoneResponder) async throws {
        try await withThrowingTaskGroup { group in
            for _ in 0..<5 {
                group.addTask {
                    for _ in 0..<count / 5 {
                        let answer = try await responder.get("/health")
                        #expect(answer.status == 200)
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    /// - Parameter body: gets the pipe, and the beginning of a command whose standard error it is.
    private func withFullPipe(_ body: (FullPipe, [String]) async throws -> Void) async throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "log-\(UUID().uuidString.prefix(8))").path
        defer { unlink(path) }
        let pipe = try #require(FullPipe(path))
        try await body(pipe, ["bash", "-c", "exec \"$@\" 2>\(path)", "--"])
    }
}

/// A named pipe that is full until somebody reads.
private final class FullPipe: Sendable {
    private let descriptor: CInt

    init?(_ path: String) {
        guard mkfifo(path, 0o600) == 0 else { return nil }
        descriptor = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        while write(descriptor, "filler\n", 7) > 0 {}
        while write(descriptor, "\n", 1) > 0 {}
    }

    deinit { close(descriptor) }

    /// All there is, until that is all that was waited for.
    func read(until what: String, _ isAll: (String) -> Bool) async throws -> String {
        var text = ""
        try await eventually("\(what) in the log") {
            var buffer = [UInt8](repeating: 0, count: 1 << 16)
            while case let count = Glibc.read(descriptor, &buffer, buffer.count), count > 0 {
                text += String(decoding: buffer[..<count], as: UTF8.self)
            }
            return isAll(text)
        }
        return text
    }
}
