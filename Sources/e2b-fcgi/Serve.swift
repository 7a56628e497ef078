import ArgumentParser
import E2B
import FastCGI
import FoundationEssentials
import Responder

struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Serve requests (the default).", shouldDisplay: false)

    @Option(help: "Where the web server connects: unix:PATH or tcp:HOST:PORT.")
    var listen: String?

    @Option(help: "A file of settings, instead of .env in the working directory.")
    var envFile: String?

    mutating func run() async throws {
        Heap.returnLargeBlocks()
        let configuration = try Configuration(environment: makeEnvironment(envFile: envFile))
        let log = EventLog(isLoggingRequests: configuration.isLogging)
        warn(about: configuration, log)
        let client = try configuration.isAPIKeyConfigured ? E2BClient(configuration.e2b) : nil
        let responder = Responder(configuration, client: client, log: log)
        let invocation = Invocation(environment: ProcessInfo.processInfo.environment)
        if listen == nil, invocation == .cgi {
            await answerOne(responder)
        } else {
            try await serve(responder, configuration, log)
        }
        // The reverse of the start. Kills need the client.
        await responder.killOutstanding()
        await client?.stop()
    }

    /// Plain CGI. A web server that has waited long enough sends SIGTERM: then the code ends, and its sandbox with it.
    private func answerOne(_ responder: Responder) async {
        let signals = StopSignals()
        await withTaskGroup { group in
            group.addTask {
                await serveCGI(bodyLimit: { responder.bodyLimit(for: $0) }) { await responder.respond(to: $0) }
            }
            group.addTask { await signals.first() }
            // Whichever comes first ends the other.
            await group.next()
            group.cancelAll()
        }
    }

    private func serve(_ responder: Responder, _ configuration: Configuration, _ log: EventLog) async throws {
        let listener = try makeListener(for: configuration.webServers)
        guard !configuration.keys.isEmpty || listener.isLocal else {
            throw Failure(
                "Without keys (E2B_FCGI_KEYS) only this machine is answered, so the place to listen is a Unix socket or a "
                    + "loopback address, and not \(listener.address).")
        }
        let strangers = Strangers(log)
        let server = try FastCGIServer(
            listener: listener,
            // Places that executions cannot take: health checks and refusals are always answered.
            limits: ServerLimits(
                connections: configuration.executionLimit + ServerLimits.spareConnections,
                unsent: configuration.memoryLimit / 4),
            budget: responder.memory, bodyLimit: { responder.bodyLimit(for: $0) },
            onStranger: { strangers.tell($0) }
        ) { await responder.respond(to: $0) }
        let signals = StopSignals()
        log.notice("listening on \(listener.address)")
        await withTaskGroup { group in
            group.addTask {
                await signals.first()
                log.notice("stopping: executions in flight have \(configuration.grace.components.seconds) s to finish")
                await responder.drain { server.cancelHandlers() }
                server.shutDown()
            }
            await server.run()
            // Ended by the task above, or for want of a listening socket.
            group.cancelAll()
        }
        listener.close()
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
        if !configuration.isAPIKeyConfigured { log.notice("E2B_API_KEY is not set: no code can be run") }
        if configuration.keys.isEmpty { log.notice("E2B_FCGI_KEYS is not set: only this machine is answered") }
        let unmasked = configuration.unmaskedVariables
        if !unmasked.isEmpty {
            log.notice(
                "too short to be masked in answers: \(unmasked.map { "E2B_CODE_EV_\($0)" }.joined(separator: ", "))")
        }
    }
}
