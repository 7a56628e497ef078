import E2B
import FastCGI
import FoundationEssentials
import Fetch
import Glibc
import ImageGate
import Responder
import Threads

/// What a configuration takes of the system when every execution that it allows is in flight.
///
/// Nobody can go on without a descriptor: not the web server's connection, not libdispatch, which ends the process. So what
/// may be open at a time has a bound, and a limit below that is refused at the start rather than met under load.
struct Demand {
    /// Files read at the start and in between, what libraries open for a moment, libdispatch's own.
    private static let others = 40

    private let configuration: Configuration

    init(_ configuration: Configuration) { self.configuration = configuration }

    /// More than executions can take: health checks and refusals are always answered.
    static func connections(_ configuration: Configuration) -> Int {
        configuration.executionLimit + ServerLimits.spareConnections
    }

    /// - Throws: ``Failure`` with the sum, where the system grants too little.
    func check() throws {
        try checkDescriptors()
        try checkThreads()
    }

    private func checkDescriptors() throws {
        let parts = parts
        let sum = parts.reduce(0) { $0 + $1.count }
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        guard sum > Int(clamping: limit.rlim_cur) else { return }
        let list = parts.map { "\($0.count) for \($0.purpose)" }.joined(separator: ", ")
        throw Failure(
            "E2B_FCGI_EXECUTIONS=\(configuration.executionLimit) may take \(sum) open files, and the limit is "
                + "\(limit.rlim_cur): \(list). Raise the limit (ulimit -Hn, LimitNOFILE) or lower E2B_FCGI_EXECUTIONS.")
    }

    private var parts: [(count: Int, purpose: String)] {
        let connections = Self.connections(configuration)
        let pool = configuration.e2b.connectionLimit
        return [
            (
                FastCGIServer.descriptors(connections: connections),
                "the web server (\(connections) connections and what watches them)"
            ),
            (
                Fetcher.descriptors(connectionLimit: pool),
                "E2B (two pools of \(pool) connections, what watches them, and what it takes to make those of one)"
            ),
            (
                ImageGate.descriptors(threads: configuration.imageThreads),
                "decoders of images (\(configuration.imageThreads) threads)"
            ),
            (Self.openNow, "what is open now"), (Self.others, "everything else"),
        ]
    }

    /// Whoever started the process may have left more open than the usual three.
    private static var openNow: Int {
        (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count) ?? 3
    }

    private func checkThreads() throws {
        // FastCGI's and the log's, and some to spare.
        let demand = ThreadDemand(Fetcher.threads + configuration.imageThreads + 4)
        let probe = ThreadDemand.probe([demand])
        guard probe.code != 0 else { return }
        throw Failure(
            ProcessStart.sentence(about: probe, wanted: demand.count) + ", or a lower E2B_FCGI_IMAGE_THREADS")
    }
}
