package import EventLoop
import FastCGI
import Glibc
package import System

/// The threads on which requests are served, apart from those that decode images.
///
/// A short request is served on one event loop from its connection to its response, including its calls to E2B. A request,
/// an output or an answer that is large may compute for long, so it is handled on the computing threads, and the other
/// requests do not wait for it.
package final class ServiceThreads: Sendable {
    /// The loop that talks to the web server; nil if the server has its own.
    package let serving: EventLoop?
    /// The loop that makes the calls to E2B, and answers short requests; nil if the client has its own.
    package let calling: EventLoop?
    package let computing: TaskThreads

    /// The number of bytes of a body that take a fraction of a millisecond to parse.
    private static let shortBody = 16 << 10
    /// The same for the target, which is searched for secrets.
    private static let shortTarget = 1 << 10
    /// The number of executions in flight from which on the computing threads answer all requests, if there are processors
    /// beyond those of the loops.
    private static let lightLoad = 16

    private static var processors: Int { sysconf(Int32(_SC_NPROCESSORS_ONLN)) }
    private static var computingCount: Int { max(2, processors) }
    /// A loop uses one processor at most, so with three the web server and E2B have a loop each.
    private static var hasTwoLoops: Bool { processors > 2 }

    /// The number of all threads.
    package static var count: Int { computingCount + (hasTwoLoops ? 2 : 1) }

    /// - Parameter hasLoops: false for computing threads alone.
    /// - Throws: if the system does not grant the threads.
    package init(hasLoops: Bool = true) throws(SystemError) {
        computing = try TaskThreads(named: "computing", count: Self.computingCount)
        do throws(SystemError) {
            calling = hasLoops ? try EventLoop(named: "loop") : nil
            serving = hasLoops && Self.hasTwoLoops ? try EventLoop(named: "fastcgi") : calling
        } catch {
            computing.stop()
            throw error
        }
    }

    deinit { computing.stop() }

    /// Returns the executor for a request; nil for the global pool of tasks, which is not for requests that compute.
    ///
    /// - Parameters:
    ///   - route: the route of the request's path; nil if there is none.
    ///   - inFlight: the number of executions in flight.
    func executor(for request: FastCGIRequest, _ route: Route?, inFlight: Int) -> (any TaskExecutor)? {
        let runsCode = route?.runsCode == true
        guard let calling, request.target.utf8.count <= Self.shortTarget else { return runsCode ? computing : nil }
        guard runsCode else { return route?.isShort == false ? nil : calling }
        let bodyCount = request.params["CONTENT_LENGTH"].flatMap { Int($0) } ?? .max
        let isShort = route?.isShort == true && bodyCount <= Self.shortBody
        return isShort && (serving === calling || inFlight < Self.lightLoad) ? calling : computing
    }
}
