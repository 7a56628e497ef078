import E2B
import FastCGI
import FoundationEssentials
import Fetch
import Glibc
import ImageGate
import Interpreter
import Responder
import Store
import System

/// The descriptors, threads and memory that a configuration needs when all executions that it allows are in flight.
///
/// Each of them has an upper bound, so limits of the system that are too low are reported at the start, and not under
/// load.
struct Demand {
    /// The descriptors for files that are read at the start or later, for files that libraries open briefly, and for
    /// libdispatch.
    private static let others = 40
    /// The memory that the program needs without any request, in bytes.
    private static let memoryBeside = 64 << 20

    private let configuration: Configuration
    private let openCount: Int

    /// - Parameter openCount: the number of descriptors that were open before the service opened any.
    init(_ configuration: Configuration, openCount: Int = openNow) {
        self.configuration = configuration
        self.openCount = openCount
    }

    /// The number of connections from the web server. It exceeds the number of requests that are executed or wait, so
    /// that health checks and refusals are always answered.
    static func connections(_ configuration: Configuration) -> Int {
        configuration.limits.executions.requests + ServerLimits.spareConnections
    }

    /// Checks the limits of the system.
    ///
    /// - Parameter isServer: whether the process serves many requests; false if it answers a single one as CGI.
    /// - Throws: ``Failure``, with the sum of the needs, if the system grants too little.
    func check(isServer: Bool) throws {
        if isServer { try checkDescriptors() }
        try checkThreads()
        if isServer { try checkMemory() }
    }

    /// Checks whether a service that runs can have this configuration in place of another one.
    ///
    /// - Throws: ``Failure`` if the system grants too little.
    func checkChange(from other: Configuration) throws {
        try checkDescriptors()
        let memory = configuration.limits.memory.limit
        guard Heap.addressSpace != nil, memory > other.limits.memory.limit else { return }
        // How much there is beside what requests hold now cannot be found out.
        throw Failure(
            "E2B_FCGI_MEMORY=\(memory) is more than before, and the address space is limited (ulimit -v): it takes a restart."
        )
    }

    private func checkDescriptors() throws {
        do throws(OpenFiles.Shortage) {
            try OpenFiles.check(needs)
        } catch {
            throw Failure(
                "E2B_FCGI_EXECUTIONS=\(configuration.limits.executions.places) \(error). Raise the limit (ulimit -Hn, LimitNOFILE) or "
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
                ImageGate.descriptors(threads: configuration.limits.images.threads),
                for: "decoders of images (\(configuration.limits.images.threads) threads)"),
        ] + storeNeeds + [
            .init(openCount, for: "what was open at the start"), .init(Self.others, for: "everything else"),
        ]
    }

    /// Each connection may send a file, and each of the store's threads may have two open.
    private var storeNeeds: [OpenFiles.Need] {
        switch configuration.store.place {
        case .off: return []
        case .bucket:
            return [
                .init(
                    Fetcher.descriptors(connectionLimit: Storage.connectionLimit),
                    for: "stored files (two pools of \(Storage.connectionLimit) connections)")
            ]
        case .directory, .firstOf: break
        }
        let connections = Self.connections(configuration)
        return [
            .init(connections + 2 * FileThreads.count, for: "stored files (one for each connection, and for threads)")
        ]
    }

    /// The number of descriptors that are open. The process that started this one may have left more open than the
    /// usual three.
    static var openNow: Int {
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
        // The four further threads serve CGI, write the log, tell the status, and wait for calls that are to be cancelled.
        ThreadDemand(
            ServiceThreads.count + (configuration.store.place == .off ? 0 : FileThreads.count)
                + ImageGate.threads(for: configuration.limits.images.threads) + 4
                + ProcessStart.dispatchThreads)
    }

    /// Checks that the address space has room for the memory that requests may hold, beside all threads.
    ///
    /// If the address space is limited (`ulimit -v`), an allocation beyond the limit ends the process.
    private func checkMemory() throws {
        guard let addressSpace = Heap.addressSpace else { return }
        // The requests may take the limit, and their answers a quarter of it.
        let memory = configuration.limits.memory.limit / 4 * 5 + Self.memoryBeside
        var hasRoom = true
        try ThreadDemand.check([threads]) { hasRoom = Heap.hasRoom(for: memory) }
        guard !hasRoom else { return }
        throw Failure(
            "E2B_FCGI_MEMORY=\(configuration.limits.memory.limit) may take \(memory) bytes with answers and all else, and the limit of "
                + "\(addressSpace) bytes of address space leaves less. Raise that (ulimit -v) or lower E2B_FCGI_MEMORY."
        )
    }
}
