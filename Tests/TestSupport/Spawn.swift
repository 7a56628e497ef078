import Foundation
import Glibc
import System

/// What a child process is to be: `posix_spawn` with its files and its environment.
struct Spawn: Sendable {
    let program: URL
    let arguments: [String]
    let environment: [String: String]
    let input: URL
    let output: URL
    let error: URL

    /// Starts it.
    ///
    /// Not Foundation's `Process`: that one learns of the end by a socket which grandchildren inherit and keep open, and
    /// hands on the signal mask of a Dispatch thread, under which a child does not hear SIGTERM.
    func start() throws(HarnessError) -> pid_t {
        var files = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&files)
        defer { posix_spawn_file_actions_destroy(&files) }
        posix_spawn_file_actions_addopen(&files, 0, input.path, O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&files, 1, output.path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        posix_spawn_file_actions_addopen(&files, 2, error.path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

        var argv = ([program.path] + arguments).map { strdup($0) } + [nil]
        var envp = environment.map { strdup("\($0)=\($1)") } + [nil]
        defer { for pointer in argv + envp { free(pointer) } }
        var pid: pid_t = 0
        let code = posix_spawn(&pid, program.path, &files, &attributes, &argv, &envp)
        guard code == 0 else {
            throw .cannotStart(program: program.path, reason: SystemError("posix_spawn", code: code).words)
        }
        return pid
    }
}
