package import EventLoop
internal import Fetch

/// Talks to E2B, or to a server that speaks its protocol.
///
///     let client = try E2BClient(E2BConfiguration(environment: ProcessInfo.processInfo.environment))
///     let sandbox = try await client.create(SandboxOptions(timeout: .seconds(60)))
///     try await client.execute(ExecutionRequest(code: "print(6 * 7)"), in: sandbox) { event in
///         if case .stdout(let text) = event { print(text, terminator: "") }
///     }
///     try await client.write(Array("6 * 7".utf8), to: "question.txt", in: sandbox)
///     let exit = try await client.run(.shell("bc < question.txt"), in: sandbox) { event in
///         if case .stdout(let bytes) = event { print(String(decoding: bytes, as: UTF8.self), terminator: "") }
///     }
///     try await client.kill(sandbox: sandbox.id)
///     await client.stop()
///
/// One client is enough for a process: it keeps connections and shares them among its calls. Calls that fail say at
/// which step and in E2B's words. None is repeated once it may have arrived, except that a connection which could not be
/// made at all is tried again.
public final class E2BClient: Sendable {
    let configuration: E2BConfiguration
    let endpoints: Endpoints
    let fetcher: Fetcher
    let computing: (any TaskExecutor)?

    /// - Throws: `.invalidConfiguration`, which names the setting.
    public convenience init(_ configuration: E2BConfiguration) throws(E2BError) {
        try self.init(configuration, on: nil, computing: nil)
    }

    /// - Parameters:
    ///   - loop: the loop that makes the calls; nil for a thread of the client's own.
    ///   - computing: the executor on which large outputs are parsed; nil for the caller's.
    package init(
        _ configuration: E2BConfiguration, on loop: EventLoop?, computing: (any TaskExecutor)?
    ) throws(E2BError) {
        guard WireFormat.isToken(configuration.apiKey) else {
            throw .invalidConfiguration("the API key is empty, or has characters that no header field can carry")
        }
        guard configuration.requestTimeout > .zero else {
            throw .invalidConfiguration("the request timeout must be positive")
        }
        guard configuration.lineLimit > 0, configuration.streamLimit > 0 else {
            throw .invalidConfiguration("the limits of an execution's stream must be positive")
        }
        guard configuration.connectionLimit > 0 else {
            throw .invalidConfiguration("the limit of connections must be positive")
        }
        self.configuration = configuration
        self.computing = computing
        endpoints = try Endpoints(configuration)
        do {
            fetcher = try Fetcher(
                FetchConfiguration(
                    caFile: configuration.caFile, proxy: configuration.proxy, userAgent: configuration.userAgent,
                    connectionLimit: configuration.connectionLimit), on: loop)
        } catch {
            throw .invalidConfiguration("the HTTP library cannot start (\(error))")
        }
    }

    /// Fails the calls in flight and closes every connection.
    public func stop() async { await fetcher.stop() }
}
