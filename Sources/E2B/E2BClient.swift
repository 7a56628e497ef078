internal import Fetch

/// Talks to E2B, or to a server that speaks its protocol.
///
/// One client is enough for a process: it keeps connections and shares them among its calls. Calls that fail say at
/// which step and in E2B's words. None is repeated once it may have arrived, except that a connection which could not be
/// made at all is tried again.
public final class E2BClient: Sendable {
    let configuration: E2BConfiguration
    let endpoints: Endpoints
    let fetcher: Fetcher

    /// - Throws: `.invalidConfiguration`, naming what.
    public init(_ configuration: E2BConfiguration) throws(E2BError) {
        guard Checked.isToken(configuration.apiKey) else {
            throw .invalidConfiguration("the API key is empty, or has characters that no header field can carry")
        }
        guard configuration.requestTimeout > .zero else {
            throw .invalidConfiguration("the request timeout must be positive")
        }
        guard configuration.lineLimit > 0, configuration.streamLimit > 0 else {
            throw .invalidConfiguration("the limits of an execution's stream must be positive")
        }
        self.configuration = configuration
        endpoints = try Endpoints(configuration)
        do {
            fetcher = try Fetcher(
                FetchConfiguration(
                    caFile: configuration.caFile, proxy: configuration.proxy, userAgent: "e2b-swift"))
        } catch {
            throw .invalidConfiguration("the HTTP library cannot start (\(error))")
        }
    }

    /// Ends what is in flight and every connection.
    public func stop() async { await fetcher.stop() }
}
