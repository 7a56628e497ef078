internal import CGNU
internal import Glibc

/// A program to be started by `posix_spawn`, with the descriptors that it gets.
///
/// The child handles each signal as a new program does, whatever this process ignores or blocks.
package struct ProcessSpawn: ~Copyable {
    private var actions = posix_spawn_file_actions_t()
    private let program: String
    private let arguments: [String]
    private let environment: [String]
    private let blockedSignals: [CInt]
    private let leadsSession: Bool

    /// - Parameters:
    ///   - arguments: all of them, the program's own name first.
    ///   - environment: the variables as `NAME=value`.
    ///   - blockedSignals: the signals that stay blocked in the child.
    ///   - leadsSession: whether the child gets a session of its own, and with it a process group.
    package init(
        _ program: String, arguments: [String], environment: [String], blocking blockedSignals: [CInt] = [],
        leadsSession: Bool = false
    ) {
        self.program = program
        self.arguments = arguments
        self.environment = environment
        self.blockedSignals = blockedSignals
        self.leadsSession = leadsSession
        posix_spawn_file_actions_init(&actions)
    }

    deinit {
        var actions = actions
        posix_spawn_file_actions_destroy(&actions)
    }

    // MARK: - What the child does before it becomes the program, in this order

    package mutating func duplicate(_ descriptor: CInt, as number: CInt) {
        posix_spawn_file_actions_adddup2(&actions, descriptor, number)
    }

    package mutating func open(_ path: String, as number: CInt, _ flags: CInt, mode: UInt32 = 0) {
        posix_spawn_file_actions_addopen(&actions, number, path, flags, mode)
    }

    /// Closes all descriptors from this number on.
    package mutating func close(from number: CInt) { posix_spawn_file_actions_addclosefrom_np(&actions, number) }

    package mutating func enter(folder: String) { posix_spawn_file_actions_addchdir_np(&actions, folder) }

    // MARK: -

    package borrowing func start() throws(SystemError) -> CInt {
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        for signal in blockedSignals { sigaddset(&signals, signal) }
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        let session = leadsSession ? CInt(cgnu_spawn_setsid) : 0
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | session))

        var argv = arguments.map { strdup($0) } + [nil]
        var envp = environment.map { strdup($0) } + [nil]
        defer { for pointer in argv + envp { free(pointer) } }
        var process: pid_t = 0
        let failure = withUnsafePointer(to: actions) { actions in
            posix_spawn(&process, program, actions, &attributes, &argv, &envp)
        }
        guard failure == 0 else { throw SystemError("posix_spawn", code: failure) }
        return process
    }
}
