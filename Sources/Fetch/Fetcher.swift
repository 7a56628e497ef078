/// How a ``Fetcher`` connects.
package struct FetchConfiguration: Sendable {
    /// PEM file of certificate authorities; nil for the system's.
    package var caFile: String?
    /// Never taken from the environment: under CGI `HTTP_PROXY` is the client's to set.
    package var proxy: String?
    package var userAgent: String
    package var connectTimeout: Duration

    package init(
        caFile: String? = nil, proxy: String? = nil, userAgent: String = "e2b-fcgi",
        connectTimeout: Duration = .seconds(10)
    ) {
        self.caFile = caFile
        self.proxy = proxy
        self.userAgent = userAgent
        self.connectTimeout = connectTimeout
    }
}

/// Async HTTP on libcurl's multi interface: one driver thread, pooled connections.
package final class Fetcher: Sendable {
    package init(_ configuration: FetchConfiguration = .init()) throws(FetchError) {}

    /// The whole response.
    package func response(to request: FetchRequest) async throws(FetchError) -> FetchResponse { fatalError() }

    /// Hands the response over as it arrives; the transfer ends when `body` returns or throws.
    package func withStream<R: Sendable>(
        of request: FetchRequest, _ body: (FetchStream) async throws -> R
    ) async throws -> R { fatalError() }

    /// Fails what is in flight and ends the thread.
    package func stop() async {}
}

/// A response body as it arrives. One reader.
package final class FetchStream: Sendable {
    /// Waits for the response's head.
    package func head() async throws(FetchError) -> FetchHead { fatalError() }
    /// The next bytes, or nil at the end.
    package func next() async throws(FetchError) -> [UInt8]? { fatalError() }
}
