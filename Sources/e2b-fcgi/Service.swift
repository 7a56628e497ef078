import E2B
import FastCGI
import Interpreter
import Responder
import Synchronization

/// What answers requests. A new configuration takes the place of the one before while requests of that one are still answered.
final class Service: Sendable {
    private struct State {
        var settings: Reconfiguration
        var client: E2BClient?
        var storage: Storage?
        var responder: Responder
    }

    private let threads: ServiceThreads
    private let measurements: Measurements
    private let openCount: Int
    private let state: Mutex<State>

    /// - Parameters:
    ///   - storage: nil if nothing is kept outside of sandboxes.
    ///   - openCount: the number of descriptors that were open before the service opened any.
    init(
        _ settings: Reconfiguration, storage: Storage?, measurements: Measurements, threads: ServiceThreads,
        openCount: Int,
        log: EventLog
    ) throws {
        self.threads = threads
        self.measurements = measurements
        self.openCount = openCount
        let client = try Self.makeClient(settings.configuration, threads, measurements, log)
        let responder = try Responder(
            settings.configuration, client: client, storage: storage, measurements: measurements, threads: threads,
            log: log)
        state = Mutex(State(settings: settings, client: client, storage: storage, responder: responder))
    }

    /// What answers the next request.
    var responder: Responder { state.withLock { $0.responder } }

    var configuration: Configuration { state.withLock { $0.settings.configuration } }

    /// Answers requests by another configuration from now on. Call it for one at a time.
    ///
    /// - Parameters:
    ///   - isLocal: whether only this machine can connect.
    ///   - makeLog: makes the log, which has to know the new secrets.
    /// - Returns: the names of settings that were changed, and that only a start takes.
    /// - Throws: what is wrong with the new configuration, which then changes nothing.
    func change(
        to environment: [String: String], isLocal: Bool, makeLog: (Configuration) -> EventLog
    ) async throws -> [String] {
        let old = state.withLock { $0 }
        let settings = try Reconfiguration(environment, replacing: old.settings.environment)
        let (configuration, before) = (settings.configuration, old.settings.configuration)
        guard isLocal || !configuration.keys.isEmpty else {
            throw Failure(
                "Without keys (E2B_FCGI_KEYS) only programs on this machine may use the service, and others can connect."
            )
        }
        try Demand(configuration, openCount: openCount).checkChange(from: before)
        let isSameClient = old.client != nil && configuration.hasSameE2B(as: before)
        let log = makeLog(configuration)
        let client = isSameClient ? old.client : try Self.makeClient(configuration, threads, measurements, log)
        let storage = try await old.storage?.changed(to: configuration.store)
        let responder = try Responder(
            configuration, client: client, storage: storage, measurements: measurements, threads: threads, log: log,
            continuing: old.responder)
        // A client that is replaced ends with the last request that uses it, and the last sandbox that it kills.
        state.withLock {
            $0 = State(settings: settings, client: client, storage: storage, responder: responder)
        }
        old.responder.stopWarming()
        responder.startWarming()
        return settings.keptNames
    }

    /// Ends the calls to E2B. What needs them has to have ended.
    func stop() async { await state.withLock { $0.client }?.stop() }

    private static func makeClient(
        _ configuration: Configuration, _ threads: ServiceThreads, _ measurements: Measurements, _ log: EventLog
    ) throws -> E2BClient? {
        guard configuration.isAPIKeyConfigured else { return nil }
        var e2b = configuration.e2b
        e2b.observer = measurements.observer { log.call($0, $1, $2) }
        return try E2BClient(e2b, on: threads.calling, computing: threads.computing)
    }
}
