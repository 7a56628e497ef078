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
    /// Descriptors of this process that become 3, 4 and so on.
    var passed: [CInt] = []

    /// Starts it.
    ///
    /// Not Foundation's `Process`: that one learns of the end by a socket which grandchildren inherit and keep open, and
    /// hands on the signal mask of a Dispatch thread, under which a child does not hear SIGTERM.
    func start() throws(HarnessError) -> pid_t {
        var spawn = ProcessSpawn(
            program.path, arguments: [program.path] + arguments, environment: environment.map { "\($0)=\($1)" })
        spawn.open(input.path, as: 0, O_RDONLY)
        spawn.open(output.path, as: 1, O_WRONLY | O_CREAT | O_TRUNC, mode: 0o600)
        spawn.open(error.path, as: 2, O_WRONLY | O_CREAT | O_TRUNC, mode: 0o600)
        for (index, descriptor) in passed.enumerated() { spawn.duplicate(descriptor, as: 3 + CInt(index)) }
        do throws(SystemError) {
            return try spawn.start()
        } catch {
            throw .cannotStart(program: program.path, reason: error.words)
        }
    }
}
