import E2B
import FastCGI
import FoundationEssentials
import Fetch
import Glibc
import ImageGate
import Interpreter
import Responder
import System

/// What a configuration takes of the system when every execution that it allows is in flight.
///
/// What may be open at a time has a bound, and a limit below that is refused at the start rather than met under load.
struct Demand {
    /// Files read at the start and in between, what libraries open for a moment, libdispatch's own.
    private static let others = 40
    /// Bytes: what the program itself takes once it is at work.
    private static let memoryBeside = 64 << 20

    private let configuration: Configuration

    init(_ configuration: Configuration) { self.configuration = configuration }

    /// More than executions, and those that wait, can take: health checks and refusals are always answered.
    static func connections(_ configuration: Configuration) -> Int {
        configuration.executions.requests + ServerLimits.spareConnections
    }

    /// - Parameter isServer: whether it is more than one request.
    /// - Throws: ``Failure`` with the sum, where the system grants too little.
    func check(isServer: Bool) throws {
        if isServer { try checkDescriptors() }
        try checkThreads()
        if isServer { try checkMemory() }
    }

    private func checkDescriptors() throws {
        do throws(OpenFiles.Shortage) {
            try OpenFiles.check(needs)
        } catch {
            throw Failure(
                "E2B_FCGI_EXECUTIONS=\(configuration.executions.places) \(error). Raise the limit (ulimit -Hn, LimitNOFILE) or "
                    + "lower E2B_FCGI_EXECUTIONS.")
        }
    }

    private var needs: [OpenFiles.Need] {
        let connections = Self.connections(configuration)
        let pool = configuration.e2b.connectionLimit
        return [
            .init(
                FastCGIServer.descriptors(connections: connections),
                for: "the web server (\(connections) connections and what watches them)"),
            .init(
                Fetcher.descriptors(connectionLimit: pool),
                for: "E2B (two pools of \(pool) connections, what watches them, and what it takes to make those of one)"
            ),
            .init(
                ImageGate.descriptors(threads: configuration.imageThreads),
                for: "decoders of images (\(configuration.imageThreads) threads)"),
            .init(Self.openNow, for: "what is open now"), .init(Self.others, for: "everything else"),
        ]
    }

    /// Whoever started the process may have left more open than the usual three.
    private static var openNow: Int {
        (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count) ?? 3
    }

    private func checkThreads() throws {
        do throws(ThreadDemand.Shortage) {
            try ThreadDemand.check([threads])
        } catch {
            throw Failure("\(error), or a lower E2B_FCGI_IMAGE_THREADS")
        }
    }

    private var threads: ThreadDemand {
        // FastCGI's, or CGI's, and the log's.
        ThreadDemand(
            Fetcher.threads + ImageGate.threads(for: configuration.imageThreads) + Responder.computingThreads + 2
                + ProcessStart.dispatchThreads)
    }

    /// Where the address space has a limit, an allocation beyond it ends the process. What requests hold has one of its own,
    /// so it can be seen now whether there is room for that beside all threads.
    private func checkMemory() throws {
        guard let addressSpace = Heap.addressSpace else { return }
        // What requests hold, and answers.
        let memory = configuration.memoryLimit / 4 * 5 + Self.memoryBeside
        var hasRoom = true
        try ThreadDemand.check([threads]) { hasRoom = Heap.hasRoom(for: memory) }
        guard !hasRoom else { return }
        throw Failure(
            "E2B_FCGI_MEMORY=\(configuration.memoryLimit) may take \(memory) bytes with answers and all else, and the limit of "
                + "\(addressSpace) bytes of address space leaves less. Raise that (ulimit -v) or lower E2B_FCGI_MEMORY."
        )
    }
}
