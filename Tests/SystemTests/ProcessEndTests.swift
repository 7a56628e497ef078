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
        var process: pid_t = 0
        let words: [String] = ["sh", "-c", script]
        var arguments = words.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        let status = posix_spawn(&process, "/bin/sh", nil, nil, &arguments, nil)
        try #require(status == 0)
        let end = await withCheckedContinuation { (ended: CheckedContinuation<ProcessEnd?, Never>) in
            onThread { [process] in ended.resume(returning: try? ProcessEnd.wait(for: process)) }
        }
        #expect(end?.cause == cause)
        #expect(end.map { $0.processorTime >= .zero } == true)
        // It has been waited for.
        #expect(throws: SystemError("wait4", code: ECHILD)) { try ProcessEnd.wait(for: process) }
    }
}
