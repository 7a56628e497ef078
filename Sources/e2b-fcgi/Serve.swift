import ArgumentParser
import E2B
import FastCGI
import FoundationEssentials
import Glibc
import Interpreter
import Responder
import Store
import System

struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Serve requests (the default).", shouldDisplay: false)

    @Option(help: "Where the web server connects: unix:PATH or tcp:HOST:PORT.")
    var listen: String?

    @Option(help: "A file of settings, instead of .env in the working directory.")
    var envFile: String?

    mutating func run() async throws {
        // Until there is a socket file or an execution, a signal can end the process at once, because nothing has to be
        // cleaned up.
        StopSignals.shared.endAtOnce()
        Heap.returnLargeBlocks()
        let configuration = try Configuration(environment: makeEnvironment(envFile: envFile))
        let log = EventLog(
            isLoggingRequests: configuration.isLogging, secrets: configuration.secrets, output: StandardError.lines)
        warn(about: configuration, log)
        let launchMode = LaunchMode(environment: ProcessInfo.processInfo.environment)
        let isCGI = listen == nil && launchMode == .cgi
        try Demand(configuration).check(isServer: !isCGI)
        let threads = try ServiceThreads()
        let client =
            try configuration.isAPIKeyConfigured
            ? E2BClient(configuration.e2b, on: threads.calling, computing: threads.computing) : nil
        let storage = try await openStorage(configuration, log)
        let responder = try Responder(configuration, client: client, storage: storage, threads: threads, log: log)
        if isCGI {
            StopSignals.shared.count()
            await answerOne(responder)
            await storage?.sweepOnce()
        } else {
            let sweep = Task { await storage?.keepSweeping { log.notice($0) } }
            defer { sweep.cancel() }
            try await serve(responder, configuration, log, threads)
        }
        responder.leaveStateDirectory()
        // The parts are stopped in the reverse order of their start: killing sandboxes needs the client.
        await responder.killOutstanding(quiet: isCGI ? .seconds(1) : .zero)
        await client?.stop()
    }

    /// Answers one request as CGI. A web server that does not wait any longer sends SIGTERM, which ends the execution
    /// and its sandbox.
    private func answerOne(_ responder: Responder) async {
        await withTaskGroup { group in
            group.addTask {
                await serveCGI(
                    onFailure: { StandardError.lines.write("Error: the request cannot be answered: \($0)\n") }
                ) { await responder.respond(to: $0) }
            }
            group.addTask { await StopSignals.shared.arrival(1) }
            // The response or the signal, whichever comes first, ends the other task.
            await group.next()
            group.cancelAll()
        }
        // A web server waits for the end of the response until nobody has its pipe any more. Sandboxes are ended after that.
        Descriptor.release(standard: STDOUT_FILENO)
    }

    private func serve(
        _ responder: Responder, _ configuration: Configuration, _ log: EventLog, _ threads: ServiceThreads
    ) async throws {
        let signals = StopSignals.shared
        signals.count()
        let listener = try makeListener(for: configuration.webServers)
        defer { listener.close() }
        guard !configuration.keys.isEmpty || listener.isLocal else {
            throw Failure(
                "Without keys (E2B_FCGI_KEYS) only this machine is answered, so the place to listen is a Unix socket or a "
                    + "loopback address, and not \(listener.address).")
        }
        let refusedPeers = RefusedPeers(log)
        let server = try FastCGIServer(
            listener: listener,
            limits: ServerLimits(
                connections: Demand.connections(configuration), unsent: configuration.limits.memory.limit / 4),
            on: threads.serving,
            executor: { responder.executor(for: $0) }, onRefusedPeer: { refusedPeers.report($0) }
        ) { (request: consuming FastCGIRequest) in await responder.respond(to: consume request) }
        log.notice("listening on \(listener.address)")
        responder.startWarming()
        let isServed = Event()
        // The server gets a task of its own, because it may wait for a web server that does not read the last responses.
        // The wait below ends after ``StopTime/answers`` at the latest.
        Task {
            await server.run()
            isServed.happen()
        }
        Task {
            await signals.arrival(1)
            let grace = configuration.grace
            log.notice(
                "stopping: executions in flight have \(grace.components.seconds) s to finish; all of it takes "
                    + "\((grace + StopTime.afterGrace).components.seconds) s at most")
            await responder.drain { server.cancelHandlers() }
            server.shutDown()
            try await Task.sleep(for: StopTime.answers)
            isServed.happen()
        }
        Task {
            await signals.arrival(2)
            log.notice("asked again: executions in flight are ended now")
            server.cancelHandlers()
            await signals.arrival(3)
            log.notice("asked once more: sandboxes that are not ended yet end by their own timeouts")
            listener.close()
            StandardError.lines.flush(within: StandardError.patience)
            _exit(EXIT_SUCCESS)
        }
        await isServed.wait()
    }

    private func openStorage(_ configuration: Configuration, _ log: EventLog) async throws -> Storage? {
        do throws(StoreError) {
            return try await Storage.open(configuration.store, connecting: configuration.connecting) { log.notice($0) }
        } catch {
            throw Failure("E2B_FCGI_STORE: \(error) \(error.reason ?? "")")
        }
    }

    private func makeListener(for webServers: WebServers) throws -> Listener {
        if let listen { return try Listener(Listener.Address(listen), for: webServers) }
        guard Listener.isListening() else {
            throw ValidationError(
                "Where to listen? Give --listen unix:PATH or tcp:HOST:PORT, or start it by spawn-fcgi, systemd or a web server."
            )
        }
        return try Listener(.inherited, for: webServers)
    }

    private func warn(about configuration: Configuration, _ log: EventLog) {
        for warning in configuration.warnings { log.notice(warning) }
    }
}
