import ArgumentParser
import Foundation
import LocalE2B

/// Starts the server as the command line says, and stops it at a signal.
struct E2BLocal: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "e2b-local",
        abstract: "Speaks E2B's protocol on this machine: sandboxes under bubblewrap, code in Jupyter kernels.",
        discussion: """
            For trying out, developing, testing, and machines with one user. Strangers' code belongs in E2B.
            When it can be used it prints `ready ADDRESS KEY`: point E2B_API_URL and E2B_SANDBOX_URL at the address, and \
            E2B_API_KEY at the key, which is a new one each time. E2B_LOCAL_API_KEY in the environment chooses it; it is \
            not printed then.

            Faults, for tests (--faults, E2B_LOCAL_FAULTS or PUT /local/faults):
            \(FaultRule.grammar)
            """,
        version: "e2b-local \(Version.number)")

    @Option(help: "Port on 127.0.0.1; 0 takes any free one.")
    var port: UInt16 = 3002

    @Option(help: "Port on 127.0.0.1 that leads into sandboxes: http://8080-ID.localhost:PORT; 0 takes any free one.")
    var edgePort: UInt16 = 0

    @Flag(
        help: """
            Run code WITHOUT bubblewrap, with all of your rights. A sandbox's ports are then this machine's own: there \
            is no telling whose server answers.
            """)
    var noIsolation = false

    @Option(
        help: """
            none, or host: sandboxes share this machine's network. Code then reaches the internet, and also the \
            services of this machine (those on 127.0.0.1 included) and of the networks around it.
            """)
    var network = SandboxNetwork.none

    @Option(help: "Sandboxes kept warm, so that creating one is quick.")
    var warm = 1

    @Option(help: "Running sandboxes allowed at a time.")
    var maxSandboxes = 20

    @Option(help: "Memory that one sandbox may take, in MB. (default: 4096, or half of the machine's if that is less)")
    var memory: Int?

    @Flag(help: "Allow faults: E2B_LOCAL_FAULTS at start, PUT /local/faults at run time.")
    var faults = false

    func validate() throws {
        guard (0...100).contains(warm) else { throw ValidationError("--warm is a number from 0 to 100.") }
        guard memory.map({ (256...1 << 20).contains($0) }) ?? true else {
            throw ValidationError("--memory is a number of MB from 256 to 1048576.")
        }
        guard (1...1000).contains(maxSandboxes) else { throw ValidationError("--max-sandboxes is 1 to 1000.") }
    }

    func run() async throws {
        var configuration = LocalE2BConfiguration()
        configuration.port = port
        configuration.edgePort = edgePort
        configuration.isIsolated = !noIsolation
        configuration.network = network
        configuration.warm = warm
        configuration.maxSandboxes = maxSandboxes
        configuration.memory = memory.map { $0 << 20 }
        configuration.allowsFaults = faults
        configuration.apiKey = try chosenKey()
        if let text = ProcessInfo.processInfo.environment["E2B_LOCAL_FAULTS"], !text.isEmpty {
            guard faults else { throw ValidationError("E2B_LOCAL_FAULTS is set: allow it with --faults.") }
            do {
                configuration.faults = try FaultRule.parse(text)
            } catch {
                throw ValidationError("E2B_LOCAL_FAULTS: \(error)")
            }
        }
        if noIsolation { Log.note("WARNING: no isolation. Code that runs here can do everything you can do.") }
        if network == .host, !noIsolation {
            Log.note(
                "WARNING: --network host. Code that runs here can reach this machine's services and the networks around."
            )
        }

        let starting = Task { [configuration] in try await LocalE2BServer.start(configuration) }
        let waiting = Task {
            for await _ in StopSignals.arrivals { return }
        }
        let stopping = Task {
            await waiting.value
            Log.note("stopping: sandboxes are ended; a second signal does not wait for them")
            starting.cancel()
            // A second signal, at any time until the end, stops the process at once.
            for await _ in StopSignals.arrivals { leaveAtOnce() }
        }
        defer { stopping.cancel() }
        let server: LocalE2BServer
        do {
            server = try await starting.value
        } catch let error as LocalE2BError {
            // The start was cancelled by a signal, which is not an error.
            if starting.isCancelled { return }
            Log.note("\(error)")
            throw ExitCode(1)
        }
        let key = configuration.apiKey == nil ? " \(server.apiKey)" : ""
        // Standard output may be closed, if the user does not want this line.
        try? FileHandle.standardOutput.write(contentsOf: Data("ready \(server.url)\(key)\n".utf8))
        await waiting.value
        await server.stop()
    }

    private func leaveAtOnce() -> Never {
        Log.note("asked again: what is left is killed")
        LocalE2BServer.killAll()
        Log.flush()
        // exit(3) is not used, because it runs exit handlers while other threads still work.
        _exit(EXIT_SUCCESS)
    }

    /// Returns the key from the environment; nil if the server has to make one. The key is not an option, because all
    /// users of the machine could read it on the command line.
    private func chosenKey() throws -> String? {
        guard let key = ProcessInfo.processInfo.environment["E2B_LOCAL_API_KEY"] else { return nil }
        guard key.utf8.count >= 16, key.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw ValidationError("E2B_LOCAL_API_KEY has at least 16 characters, all of them ASCII and none a space.")
        }
        return key
    }
}

extension SandboxNetwork: ExpressibleByArgument {}
