internal import CGNU
internal import Glibc
internal import System

/// Starts a decoder process in a session of its own, with a socket as its standard input and no other descriptor.
struct DecoderLaunch {
    let executable: String
    let role: DecoderRole
    /// The bytes of address space that decoding may take.
    let memory: Int

    /// - Returns: the process, and the gate's end of the socket, which the caller closes.
    func spawn() throws(DecoderError) -> (process: pid_t, socket: CInt) {
        let (ours, theirs): (CInt, CInt)
        do throws(SystemError) {
            (ours, theirs) = try Descriptor.socketPair()
        } catch {
            throw .cannotStart("\(error)")
        }
        defer { close(theirs) }

        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, theirs, STDIN_FILENO)
        // Standard error is closed as well, because messages of libraries do not belong in the log.
        posix_spawn_file_actions_addclosefrom_np(&actions, STDIN_FILENO + 1)

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        setSignals(&attributes)
        posix_spawnattr_setflags(
            &attributes, Int16(CInt(cgnu_spawn_setsid) | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))

        var arguments = DecoderMain.arguments(role, memory: memory).map { strdup($0) } + [nil]
        var environment = environment.map { strdup($0) } + [nil]
        defer { for pointer in arguments + environment { free(pointer) } }
        var process: pid_t = 0
        let failure = posix_spawn(&process, executable, &actions, &attributes, &arguments, &environment)
        guard failure == 0 else {
            close(ours)
            throw .cannotStart("\(executable): \(SystemError("posix_spawn", code: failure).words)")
        }
        return (process, ours)
    }

    /// Blocks the signals that ask a process to end. A service manager sends them to every process of the service,
    /// while images of the last requests are still to be decoded; a decoder process ends when its socket is closed.
    private func setSignals(_ attributes: inout posix_spawnattr_t) {
        var signals = sigset_t()
        sigemptyset(&signals)
        for signal in [SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGPIPE] { sigaddset(&signals, signal) }
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
    }

    /// The environment has no secrets. It has what the dynamic loader needs, and for drawings the variables that say
    /// where fonts are and which language to choose them for.
    private var environment: [String] {
        var names = ["LD_LIBRARY_PATH"]
        if role == .drawing {
            names += [
                "HOME", "LANG", "LC_ALL", "LC_CTYPE", "FONTCONFIG_FILE", "FONTCONFIG_PATH", "XDG_CACHE_HOME",
                "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_DATA_DIRS",
            ]
        }
        // The gate recognises a crash by its signal. Swift's own crash handler would start a debugger, which the
        // confinement forbids.
        return ["SWIFT_BACKTRACE=enable=no"]
            + names.compactMap { name in getenv(name).map { "\(name)=\(String(cString: $0))" } }
    }
}
