import FoundationEssentials
import Glibc
import Responder
import System

/// The preparation of the process, which happens before any subcommand runs.
enum ProcessStart {
    /// The number of descriptors that libdispatch and a single request need.
    private static let fewestDescriptors = 32

    /// Prepares the process. Call this once, before the second thread starts. It exits with a message if the limits of
    /// the system are too low.
    static func settle() {
        Descriptor.openMissingStandard()
        // libdispatch would write lines of its own to the log, about priorities of threads that the system does not grant.
        setenv("LIBDISPATCH_LOG", "NO", 0)
        _ = ServiceManager.shared
        // If the reader of the log or of a result is gone, a write must fail (EPIPE) and not end the process.
        signal(SIGPIPE, SIG_IGN)
        let limit = OpenFiles.raiseLimit()
        guard limit >= fewestDescriptors else {
            refuse("this process may have \(limit) open files (ulimit -n), and needs \(fewestDescriptors) at least")
        }
        Heap.fitAddressSpace()
        do throws(ThreadDemand.Shortage) {
            // Four threads beside libdispatch's are enough for the log and for a subcommand.
            try ThreadDemand.check([ThreadDemand(dispatchThreads + 4)])
        } catch {
            refuse("\(error)")
        }
    }

    /// The threads of libdispatch: one for each processor, one that waits for events, and some that replace blocked
    /// ones.
    static var dispatchThreads: Int { ProcessInfo.processInfo.activeProcessorCount + 4 }

    private static func refuse(_ sentence: String) -> Never {
        StandardError.lines.write("Error: \(sentence)\n")
        StandardError.lines.flush(within: .seconds(1))
        exit(EXIT_FAILURE)
    }
}
