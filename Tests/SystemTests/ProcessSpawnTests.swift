import Glibc
import System
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(10)))
struct ProcessSpawnTests {
    @Test func `a program starts with what it is given, and with nothing else`() async throws {
        let script = """
            test "$0" = zero && test "$A" = 1 && test -z "$HOME" && test "$(pwd)" = / && test "$(cat <&5)" = "" || exit 1
            test -e /dev/fd/6 && exit 2
            # The number of the session, the sixth field of stat(5), is the process's own.
            read -r -a stat </proc/$$/stat && test "${stat[5]}" = $$ || exit 3
            # SIGUSR1 is blocked, and SIGTERM is not.
            kill -USR1 $$ && kill -TERM $$
            """
        var spawn = ProcessSpawn(
            "/bin/bash", arguments: ["zero", "-c", script, "zero"], environment: ["A=1", "PATH=/usr/bin:/bin"],
            blocking: [SIGUSR1], leadsSession: true)
        spawn.open("/dev/null", as: 0, O_RDONLY)
        spawn.duplicate(0, as: 5)
        spawn.close(from: 6)
        spawn.enter(folder: "/")
        let process = try spawn.start()
        let end = await withCheckedContinuation { (ended: CheckedContinuation<ProcessEnd?, Never>) in
            onThread { ended.resume(returning: try? ProcessEnd.wait(for: process)) }
        }
        #expect(end?.cause == .killed(signal: SIGTERM))
    }

    @Test func `a program that is not there is named by the call's error`() {
        #expect(throws: SystemError("posix_spawn", code: ENOENT)) {
            try ProcessSpawn("/nothing", arguments: ["nothing"], environment: []).start()
        }
    }
}
