import Glibc
import System
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(10)))
struct ProcessEndTests {
    @Test(arguments: [
        ("exit 0", ProcessEnd.Cause.exited(status: 0)), ("exit 7", .exited(status: 7)),
        ("kill -9 $$", .killed(signal: 9)),
        ("ulimit -c 0; kill -SEGV $$", .killed(signal: SIGSEGV)), ("exit 255", .exited(status: 255)),
    ])
    func `the end of a process has its cause`(script: String, cause: ProcessEnd.Cause) async throws {
        let process = try ProcessSpawn("/bin/sh", arguments: ["sh", "-c", script], environment: []).start()
        let end = await withCheckedContinuation { (ended: CheckedContinuation<ProcessEnd?, Never>) in
            onThread { [process] in ended.resume(returning: try? ProcessEnd.wait(for: process)) }
        }
        #expect(end?.cause == cause)
        #expect(end.map { $0.processorTime >= .zero } == true)
        // It has been waited for.
        #expect(throws: SystemError("wait4", code: ECHILD)) { try ProcessEnd.wait(for: process) }
    }
}
