import Foundation
import Testing

@testable import LocalE2B

/// What code in a sandbox can see and do. The real walls, the real kernel.
@Suite(.timeLimit(.minutes(3)), .enabled(if: Machine.canRunSandboxes, .init(rawValue: Machine.needs)))
struct IsolationTests {
    @Test func `the walls hold`() async throws {
        try await StubServer.withKernels { stub in
            let id = try await stub.create()
            func text(_ code: String) async throws -> String {
                try await stub.python("print(end=str(\(code)))", in: id)
            }
            #expect(try await text("(__import__('os').getuid(), __import__('os').getcwd())") == "(1000, '/home/user')")
            #expect(try await text("sorted(__import__('os').listdir('/home'))") == "['user']")
            #expect(try await text("open('/etc/shadow').read()").contains("No such file"))
            #expect(try await text("open('/usr/x', 'w')").contains("Read-only"))
            #expect(try await text("open('/etc/passwd', 'a')").contains("Read-only"))
            #expect(try await text("open('/x', 'w')").contains("Read-only"))
            #expect(
                try await text(
                    "[p for p in __import__('os').listdir('/') if p in ('root', 'work', 'opt', 'srv', 'boot')]")
                    == "[]")
            #expect(try await text("__import__('socket').if_nameindex()") == "[(1, 'lo')]")
            #expect(try await text("__import__('socket').gethostname()") == "e2b.local")
            // Only its own processes, and none of ours.
            #expect(
                try await text(
                    "any('e2b-local' in open(f'/proc/{p}/cmdline').read() for p in __import__('os').listdir('/proc') if p.isdigit() and p != '1')"
                ) == "False")
            #expect(try await text("'E2B_API_KEY' in __import__('os').environ") == "False")
            #expect(
                try await text("__import__('resource').getrlimit(__import__('resource').RLIMIT_NPROC)[1]")
                    == "\(Bubblewrap.Limit.processes)")
        }
    }
}
