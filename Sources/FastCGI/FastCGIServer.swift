/// Answers one request. Cancelled when the web server hangs up.
package typealias Handler = @Sendable (FastCGIRequest) async -> Response

/// Serves FastCGI requests from one listening socket.
package final class FastCGIServer: Sendable {
    package init(listener: Listener, threads: Int, bodyLimit: Int, handler: @escaping Handler) throws(FastCGIError) {
        fatalError()
    }

    /// Serves until ``shutDown()``; returns when the last request in flight has ended.
    package func run() async {}

    /// Stops accepting. Requests in flight finish. Returns at once.
    package func shutDown() {}
}

/// Serves the one request of a CGI process: params from the environment, stdin, stdout.
package func serveCGI(bodyLimit: Int, handler: @escaping Handler) async {}
