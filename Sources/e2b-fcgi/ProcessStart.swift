import FoundationEssentials
import Glibc
import Responder
import Threads

/// What the process settles with the system before anything else happens in it, whatever it was asked to do.
enum ProcessStart {
    /// Fewer do not even get libdispatch and one request through.
    private static let fewestDescriptors = 32

    /// Once, before there is a second thread. Ends the process, with a sentence, where it could not do its work.
    static func settle() {
        openMissingStandardDescriptors()
        // A reader of the log or of a result that is gone is an error of the write, not the end of the process.
        signal(SIGPIPE, SIG_IGN)
        let limit = raiseDescriptorLimit()
        guard limit >= fewestDescriptors else {
            refuse("this process may have \(limit) open files (ulimit -n), and needs \(fewestDescriptors) at least")
        }
        // libdispatch has a thread for each processor, one that waits for events, and some in place of blocked ones; the log
        // and what the process is asked to do have theirs.
        let demand = ThreadDemand(ProcessInfo.processInfo.activeProcessorCount + 8)
        let probe = ThreadDemand.probe([demand])
        guard probe.code == 0 else { refuse(sentence(about: probe, wanted: demand.count)) }
    }

    static func sentence(about probe: (granted: Int, code: Int32), wanted: Int) -> String {
        "the system grants \(probe.granted) of \(wanted) threads (\(String(cString: strerror(probe.code)))): more memory "
            + "(ulimit -v) or more processes (ulimit -u) are needed"
    }

    /// A descriptor from 0 to 2 that is closed would be the next file's or connection's, and log lines would go into it.
    private static func openMissingStandardDescriptors() {
        for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) < 0 {
            // The lowest number that is free: this one. Where there is no /dev, what takes and gives nothing will do.
            if open("/dev/null", O_RDWR) < 0 { _ = open("/", O_RDONLY) }
        }
    }

    /// The usual soft limit, 1024, is for programs that use select(2).
    ///
    /// - Returns: how many files may be open from now on.
    private static func raiseDescriptorLimit() -> Int {
        var limit = rlimit()
        let kind = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        guard getrlimit(kind, &limit) == 0 else { return .max }
        if limit.rlim_cur < limit.rlim_max {
            let soft = limit.rlim_cur
            limit.rlim_cur = limit.rlim_max
            if setrlimit(kind, &limit) != 0 { limit.rlim_cur = soft }
        }
        return Int(clamping: limit.rlim_cur)
    }

    private static func refuse(_ sentence: String) -> Never {
        StandardError.lines.write("Error: \(sentence)\n")
        StandardError.lines.flush(within: .seconds(1))
        exit(EXIT_FAILURE)
    }
}
