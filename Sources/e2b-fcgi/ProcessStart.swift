import FoundationEssentials
import Glibc
import Responder
import System

/// What the process settles with the system before anything else happens in it, whatever it was asked to do.
enum ProcessStart {
    /// Fewer do not even get libdispatch and one request through.
    private static let fewestDescriptors = 32

    /// Once, before there is a second thread. Ends the process, with a sentence, where it could not do its work.
    static func settle() {
        Descriptor.openMissingStandard()
        // A reader of the log or of a result that is gone is an error of the write, not the end of the process.
        signal(SIGPIPE, SIG_IGN)
        let limit = OpenFiles.raiseLimit()
        guard limit >= fewestDescriptors else {
            refuse("this process may have \(limit) open files (ulimit -n), and needs \(fewestDescriptors) at least")
        }
        Heap.fitAddressSpace()
        do throws(ThreadDemand.Shortage) {
            // The log and what the process is asked to do have theirs.
            try ThreadDemand.check([ThreadDemand(dispatchThreads + 4)])
        } catch {
            refuse("\(error)")
        }
    }

    /// libdispatch has a thread for each processor, one that waits for events, and some in place of blocked ones.
    static var dispatchThreads: Int { ProcessInfo.processInfo.activeProcessorCount + 4 }

    private static func refuse(_ sentence: String) -> Never {
        StandardError.lines.write("Error: \(sentence)\n")
        StandardError.lines.flush(within: .seconds(1))
        exit(EXIT_FAILURE)
    }
}
