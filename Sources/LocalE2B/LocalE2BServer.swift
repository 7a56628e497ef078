internal import FlyingFox
internal import FlyingSocks
internal import Foundation

/// A server on loopback that speaks E2B's protocol and runs code on this machine.
package final class LocalE2BServer: Sendable {
    private let server: HTTPServer
    private let serving: Task<Void, any Error>
    private let sandboxes: Sandboxes
    private let edge: Edge
    private let files: AgentFiles
    /// The fork server; nil if code is not isolated.
    private let forks: ForkServer?

    /// The key that the control API requires in `X-API-Key`.
    package let apiKey: String
    package let port: UInt16
    package var url: String { "http://127.0.0.1:\(port)" }
    /// The port at which the sandboxes' own ports are reached, as `<port>-<sandbox>.localhost`.
    package var edgePort: UInt16 { edge.port }

    /// Starts the server, and returns when the first sandbox is ready.
    package static func start(_ configuration: LocalE2BConfiguration) async throws(LocalE2BError) -> LocalE2BServer {
        let files = try AgentFiles()
        let forks = configuration.isIsolated ? ForkServer(files) : nil
        do throws(LocalE2BError) {
            return try await start(configuration, files, forks, try await plan(configuration, files, forks))
        } catch {
            await forks?.stop()
            files.remove()
            throw error
        }
    }

    /// - Parameter makeLaunch: how a sandbox is started.
    static func start(
        _ configuration: LocalE2BConfiguration, _ files: AgentFiles, _ forks: ForkServer? = nil,
        _ makeLaunch: @escaping @Sendable () throws(LocalE2BError) -> Launch
    ) async throws(LocalE2BError) -> LocalE2BServer {
        // Writing to a sandbox that has ended then returns an error, instead of ending this process.
        signal(SIGPIPE, SIG_IGN)
        let pool = AgentPool(target: configuration.warm, makeLaunch: makeLaunch)
        let sandboxes = Sandboxes(pool: pool, limit: configuration.maxSandboxes)
        let faults = Faults(configuration.faults, isChangeable: configuration.allowsFaults)
        let edge = try Edge(port: configuration.edgePort)
        let apiKey = configuration.apiKey ?? Token.apiKey()
        let router = Router(
            sandboxes: sandboxes, faults: faults, apiKey: apiKey, domain: edge.domain,
            hasNetwork: configuration.hasNetwork)
        do throws(LocalE2BError) {
            let (server, serving, port) = try await listen(on: configuration.port, router)
            do throws(LocalE2BError) {
                try await pool.prepare()
            } catch {
                await sandboxes.stop()
                await server.stop()
                throw error
            }
            edge.serve(EdgeRouter(edge: edge, sandboxes: sandboxes, faults: faults, mainPort: port))
            if let forks {
                Task {
                    for await _ in forks.warmups { await pool.renew() }
                }
            }
            return LocalE2BServer(server, serving, sandboxes, edge, files, forks, apiKey, port)
        } catch {
            await edge.stop()
            throw error
        }
    }

    private init(
        _ server: HTTPServer, _ serving: Task<Void, any Error>, _ sandboxes: Sandboxes, _ edge: Edge,
        _ files: AgentFiles, _ forks: ForkServer?, _ apiKey: String, _ port: UInt16
    ) {
        self.server = server
        self.serving = serving
        self.sandboxes = sandboxes
        self.edge = edge
        self.files = files
        self.forks = forks
        self.apiKey = apiKey
        self.port = port
    }

    /// Kills every sandbox, closes every connection and removes the temporary folder.
    package func stop() async {
        await edge.stop()
        await sandboxes.stop()
        await forks?.stop()
        await server.stop(timeout: 1)
        serving.cancel()
        _ = await serving.result
        files.remove()
    }

    /// Kills every process that a server of this process has started, and removes its temporary folder, whatever the
    /// server is doing. It waits for nothing: the process has to end next.
    package static func killAll() {
        ChildProcess.killAll()
        OwnedFolder.removeAll()
    }

    /// Checks that this machine can run sandboxes, and returns how they are started.
    private static func plan(
        _ configuration: LocalE2BConfiguration, _ files: AgentFiles, _ forks: ForkServer?
    ) async throws(LocalE2BError) -> @Sendable () throws(LocalE2BError) -> Launch {
        guard FileManager.default.isExecutableFile(atPath: Launch.python) else {
            throw .pythonMissing("it is not installed")
        }
        if let forks {
            let bubblewrap = try await Bubblewrap(files, configuration.network)
            try await forks.start()
            let memory = MemoryMonitor(MemoryLimits(sandbox: configuration.memory))
            return { Launch.isolated(files, bubblewrap, forks, memory) }
        }
        let check = [Launch.python, "-c", "import ipykernel.kernelapp, jupyter_client.asynchronous"]
        let trial = try await Command.run(check)
        guard trial.status == 0 else { throw .pythonMissing(trial.error.lastLine) }
        return { () throws(LocalE2BError) in try Launch.bare(files) }
    }

    private static func listen(
        on port: UInt16, _ router: Router
    ) async throws(LocalE2BError) -> (HTTPServer, Task<Void, any Error>, UInt16) {
        do {
            let configuration = HTTPServer.Configuration(
                address: try .inet(ip4: "127.0.0.1", port: port),
                // The handlers read bodies under limits of their own, and executions may take any time, so this timeout
                // must not strike.
                timeout: 10 * 365 * 86400,
                sharedRequestBufferSize: 4096, sharedRequestReplaySize: 4096,
                pool: TunedSocketPool(HTTPServer.defaultPool()), logger: .disabled)
            let server = HTTPServer(config: configuration, handler: router)
            let serving = Task { try await server.run() }
            let waiting = Task { try await server.waitUntilListening(timeout: 10) }
            Task {
                // A server that failed to bind never listens, so waiting for that has to end.
                _ = await serving.result
                waiting.cancel()
            }
            if case .failure = await waiting.result {
                try await serving.value
            }
            guard case .ip4(_, let port) = await server.listeningAddress else {
                throw LocalE2BError.listenFailed("no address")
            }
            return (server, serving, port)
        } catch SocketError.failed(_, EADDRINUSE, _) {
            throw .portTaken(port, option: "--port")
        } catch {
            throw .listenFailed(error.localizedDescription)
        }
    }
}
