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

        // The signals that ask a process to end are blocked. A service manager sends them to every process of the service,
        // while images of the last requests are still to be decoded; a decoder process ends when its socket is closed.
        var spawn = ProcessSpawn(
            executable, arguments: DecoderMain.arguments(role, memory: memory), environment: environment,
            blocking: [SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGPIPE], leadsSession: true)
        spawn.duplicate(theirs, as: STDIN_FILENO)
        // Standard error is closed as well, because messages of libraries do not belong in the log.
        spawn.close(from: STDIN_FILENO + 1)
        do throws(SystemError) {
            return (try spawn.start(), ours)
        } catch {
            close(ours)
            throw .cannotStart("\(executable): \(error.words)")
        }
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
