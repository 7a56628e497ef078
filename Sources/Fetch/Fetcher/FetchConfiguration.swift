/// How a ``Fetcher`` connects.
package struct FetchConfiguration: Sendable {
    /// PEM file of certificate authorities, which are then the only ones; nil for the system's.
    package var caFile: String?
    /// Never taken from the environment: under CGI `HTTP_PROXY` is the client's to set.
    package var proxy: String?
    package var userAgent: String
    /// Name resolution, TCP and TLS together.
    package var connectTimeout: Duration
    /// Connections of each of the two pools, idle ones and those in use. A request beyond it takes the place of an idle one, or
    /// waits. An idle one takes about 50 kB with TLS.
    package var connectionLimit: Int

    package init(
        caFile: String? = nil, proxy: String? = nil, userAgent: String = "e2b-fcgi",
        connectTimeout: Duration = .seconds(10), connectionLimit: Int = 1024
    ) {
        self.caFile = caFile
        self.proxy = proxy
        self.userAgent = userAgent
        self.connectTimeout = connectTimeout
        self.connectionLimit = connectionLimit
    }
}
