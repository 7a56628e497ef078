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

    @Flag(
        help: "Take the Unix socket of --listen over from the e2b-fcgi that has it, and ask that one to end.")
    var takeOver = false

    @Option(help: "A file of settings, instead of .env in the working directory.")
    var envFile: String?

    mutating func validate() throws {
        guard !takeOver || listen?.hasPrefix("unix:") == true else {
            throw ValidationError(
                "--take-over goes with --listen unix:PATH. A socket that is inherited needs nothing of the kind: stop the old "
                    + "process, and start the new one.")
        }
    }

    mutating func run() async throws {
        // Until there is a socket file or an execution, a signal can end the process at once, because nothing has to be
        // cleaned up.
        StopSignals.shared.endAtOnce()
        Heap.returnLargeBlocks()
        let openCount = Demand.openNow
        let settings = try Reconfiguration(start: makeEnvironment(envFile: envFile))
        let configuration = settings.configuration
        let log = Self.makeLog(configuration)
        let measurements = Measurements(
            usage: UsageLedger(dayEnded: { usages in
                for (key, usage) in usages.sorted(by: { $0.key < $1.key }) {
                    log.usage(of: key, usage, during: "on the day that is over")
                }
            }))
        warn(about: configuration, log)
        let launchMode = LaunchMode(environment: ProcessInfo.processInfo.environment)
        let isCGI = listen == nil && launchMode == .cgi && ServiceManager.shared.passed.entries.isEmpty
        try Demand(configuration, openCount: openCount).check(isServer: !isCGI)
        let threads = try ServiceThreads()
        let storage = try await openStorage(configuration, log)
        let service = try Service(
            settings, storage: storage, measurements: measurements, threads: threads, openCount: openCount, log: log)
        if isCGI {
            StopSignals.shared.count()
            await answerOne(service.responder)
            await storage?.sweepOnce()
        } else {
            let sweep = Task { await storage?.keepSweeping { log.warning($0) } }
            defer { sweep.cancel() }
            let statusServer = try configuration.statusAddress.map { address in
                try StatusServer(at: address, { service.responder.status }) { log.warning($0) }
            }
            defer { statusServer?.stop() }
            try await serve(service, log, threads)
        }
        if !isCGI { service.responder.logUsage() }
        service.responder.leaveStateDirectory()
        // The parts are stopped in the reverse order of their start: killing sandboxes needs the client.
        await service.responder.killOutstanding(quiet: isCGI ? .seconds(1) : .zero)
        await service.stop()
    }

    private static func makeLog(_ configuration: Configuration) -> EventLog {
        EventLog(
            isLoggingRequests: configuration.isLogging, level: configuration.logLevel, format: configuration.logFormat,
            secrets: configuration.secrets, output: StandardError.lines)
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

    private func serve(_ service: Service, _ log: EventLog, _ threads: ServiceThreads) async throws {
        let signals = StopSignals.shared
        signals.count()
        let configuration = service.configuration
        let listeners = try makeListeners(for: configuration.webServers)
        defer { for listener in listeners { listener.close() } }
        for listener in listeners where configuration.keys.isEmpty && !listener.isLocal {
            throw Failure(
                "Without keys (E2B_FCGI_KEYS) only programs on this machine may use the service, so the place to listen is a Unix socket or a "
                    + "loopback address, and not \(listener).")
        }
        let refusedPeers = RefusedPeers(log)
        let isAnswered = Event()
        let server = try FastCGIServer(
            listeners: listeners,
            limits: ServerLimits(configuration), on: threads.serving,
            executor: { service.responder.executor(for: $0) }, onRefusedPeer: { refusedPeers.report($0) },
            onAnswered: { isAnswered.happen() }
        ) { (request: consuming FastCGIRequest) in await service.responder.respond(to: consume request) }
        let place = listeners.map { "\($0)" }.joined(separator: " and ")
        log.notice("listening on \(place)")
        service.responder.startWarming()
        let isServed = Event()
        // The server gets a task of its own, because it may wait for a web server that does not read the last responses.
        // The wait below ends after ``StopTime/answers`` at the latest.
        Task {
            await server.run()
            isServed.happen()
        }
        ServiceManager.shared.tellReady("listening on \(place)")
        let watchdog = Task {
            await ServiceManager.shared.keepTellingLife(of: [threads.serving, threads.calling].compactMap(\.self))
        }
        defer { watchdog.cancel() }
        if let predecessor = listeners.compactMap(\.predecessor).first {
            log.notice("process \(predecessor), which listened there, is asked to end")
            kill(predecessor, SIGTERM)
        }
        let reloads = signals.hangUps()
        let reloading = Task {
            for await _ in reloads {
                await reload(service, server, isLocal: listeners.allSatisfy(\.isLocal), log)
                ServiceManager.shared.tellReady("listening on \(place)")
            }
        }
        Task {
            await signals.arrival(1)
            reloading.cancel()
            await reloading.value
            try await stop(server, service, log) { await isAnswered.wait() }
            isServed.happen()
        }
        Task {
            await signals.arrival(2)
            log.notice("asked again: executions in flight are ended now")
            service.responder.refuseExecutions()
            server.cancelHandlers()
            await signals.arrival(3)
            log.notice("asked once more: sandboxes that are not ended yet end by their own timeouts")
            for listener in listeners { listener.close() }
            StandardError.lines.flush(within: StandardError.patience)
            _exit(EXIT_SUCCESS)
        }
        await isServed.wait()
    }

    /// Reads the configuration again. If it is wrong, the one before stays, and the log says what is wrong.
    private func reload(_ service: Service, _ server: FastCGIServer, isLocal: Bool, _ log: EventLog) async {
        ServiceManager.shared.tellReloading()
        do {
            let environment = try Environment(envFile: envFile)
            let kept = try await service.change(
                to: environment.variables, isLocal: isLocal, makeLog: Self.makeLog)
            server.set(ServerLimits(service.configuration))
            log.notice("reloaded: new requests have the configuration that was read now")
            if !kept.isEmpty {
                log.warning("changed as well, and read by a start only: \(kept.joined(separator: ", "))")
            }
            if !environment.overriddenNames.isEmpty {
                log.notice(
                    "not read from \(envFile ?? ".env"), as the environment of this process has another value: "
                        + environment.overriddenNames.joined(separator: ", "))
            }
            warn(about: service.configuration, log)
        } catch {
            let reasons = "\(error)".split(separator: "\n").joined(separator: " ")
            log.warning("not reloaded, the configuration stays as it was: \(reasons)")
        }
    }

    /// Ends serving. Every request that has been accepted is answered: those in flight and those that wait for a place have the
    /// grace period. Others connect to the next process, or are refused by the system before they are sent, so that a web server
    /// can pass them to another responder.
    ///
    /// - Parameter answered: returns when all of them have been answered.
    private func stop(
        _ server: FastCGIServer, _ service: Service, _ log: EventLog, whenAnswered answered: () async -> Void
    ) async throws {
        let grace = service.configuration.grace
        let time = "executions in flight have \(grace.components.seconds) s to finish"
        log.notice("stopping: \(time); all of it takes \((grace + StopTime.afterGrace).components.seconds) s at most")
        ServiceManager.shared.tellStopping(within: grace + StopTime.afterGrace + .seconds(5), "stopping: \(time)")
        server.shutDown()
        service.responder.stopWarming()
        let end = Task {
            // The sleep throws if all requests are answered in time, because this task is cancelled then.
            guard (try? await Task.sleep(for: grace)) != nil else { return }
            service.responder.refuseExecutions()
            server.cancelHandlers()
        }
        await answered()
        end.cancel()
        // Web servers read the last responses meanwhile.
        try await Task.sleep(for: StopTime.answers)
    }

    private func openStorage(_ configuration: Configuration, _ log: EventLog) async throws -> Storage? {
        do throws(StoreError) {
            return try await Storage.open(configuration.store, connecting: configuration.connecting) { log.warning($0) }
        } catch {
            throw Failure("E2B_FCGI_STORE: \(error) \(error.reason ?? "")")
        }
    }

    private func makeListeners(for webServers: WebServers) throws -> [Listener] {
        let passed = ServiceManager.shared.passed
        if let listen {
            return [try Listener(Listener.Address(listen), for: webServers, takingOver: takeOver)]
        }
        if let problem = passed.problem { throw Failure("\(problem).") }
        guard passed.entries.isEmpty else {
            return try passed.entries.map { try Listener(inherited: $0.descriptor, name: $0.name, for: webServers) }
        }
        guard Listener.isListening() else {
            throw ValidationError(
                "Where to listen? Give --listen unix:PATH or tcp:HOST:PORT, or start it by spawn-fcgi, systemd or a web server."
            )
        }
        return [try Listener(.inherited, for: webServers)]
    }

    private func warn(about configuration: Configuration, _ log: EventLog) {
        for warning in configuration.warnings { log.warning(warning) }
        for warning in SettingName.warnings(about: ProcessInfo.processInfo.environment.keys) { log.warning(warning) }
    }
}

extension ServerLimits {
    fileprivate init(_ configuration: Configuration) {
        self.init(connections: Demand.connections(configuration), unsent: configuration.limits.memory.limit / 4)
    }
}
