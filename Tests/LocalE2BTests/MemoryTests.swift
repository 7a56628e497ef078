import Foundation
import Testing

@testable import LocalE2B

/// What a sandbox takes of the machine's memory in all, however it takes it. The real kernel.
@Suite(.timeLimit(.minutes(10)), .enabled(if: Machine.canRunSandboxes, .init(rawValue: Machine.needs)))
struct MemoryTests {
    /// Ways to take more than the 700 MB that a sandbox has here, each below every limit for one process; and what is said
    /// in the end. `hold` waits in small steps, until somebody ends it.
    private static let ways = [
        "one process": ("kept = [bytearray(10 << 20) for _ in range(300)]; hold()", restarted),
        "many processes": (
            """
            for _ in range(12):
                if os.fork() == 0:
                    kept = bytearray(150 << 20)
                    hold()
            print(os.waitstatus_to_exitcode(os.wait()[1]))
            """, "-9\n"
        ),
        "memory that is shared": (
            """
            shared = mmap.mmap(-1, 1 << 30)
            for start in range(0, 1 << 30, 4096): shared[start] = 1
            hold()
            """, restarted
        ),
        "files and a process": (
            """
            for folder in ("/home/user", "/tmp", "/dev/shm"):
                open(folder + "/large", "wb").write(bytes(100 << 20))
            kept = bytearray(400 << 20)
            hold()
            """, restarted
        ),
        "sockets": (
            """
            kept = []
            for _ in range(12):
                if os.fork() == 0:
                    for _ in range(400):
                        pair = socket.socketpair()
                        pair[0].setblocking(False)
                        try:
                            while pair[0].send(bytes(32 << 10)): pass
                        except BlockingIOError: pass
                        kept.append(pair)
                    hold()
            print(os.waitstatus_to_exitcode(os.wait()[1]))
            """, "-9\n"
        ),
    ]
    private static let restarted = "Context was restarted"

    @Test(arguments: ways.keys.sorted())
    func `a sandbox that takes too much loses what took it, and goes on`(way: String) async throws {
        var configuration = LocalE2BConfiguration()
        configuration.memory = 700 << 20
        try await StubServer.withKernels(configuration) { stub in
            let (id, other) = (try await stub.create(), try await stub.create())
            // A kernel has threads, and newer versions of Python warn of a fork then.
            let setUp = """
                import mmap, os, socket, time, warnings
                warnings.simplefilter("ignore", DeprecationWarning)
                def hold():
                    while True: time.sleep(0.01)

                """
            let (code, end) = try #require(Self.ways[way])
            #expect(try await stub.python(setUp + code, in: id) == end)
            for sandbox in [id, other] { #expect(try await stub.python("print('here')", in: sandbox) == "here\n") }
        }
    }

    @Test func `a sandbox that is too large without its processes ends`() async throws {
        var configuration = LocalE2BConfiguration()
        configuration.memory = 300 << 20
        try await StubServer.withKernels(configuration) { stub in
            let id = try await stub.createOpen()
            _ = try await stub.bash("head -c 400000000 /dev/zero > large; sleep 60", in: id)
            while await stub.control("GET", "/sandboxes/\(id)").status != 404 {}
        }
    }

    @Test func `what a sandbox may take, it gets`() async throws {
        try await StubServer.withKernels { stub in
            let id = try await stub.create()
            let code = "import time\nkept = [bytearray(10 << 20) for _ in range(100)]\ntime.sleep(1)\nprint(len(kept))"
            #expect(try await stub.python(code, in: id) == "100\n")
        }
    }
}
