/// How a ``Fetcher`` connects.
package struct FetchConfiguration: Sendable {
    /// A PEM file with the only certificate authorities that are trusted; nil for the system's.
    package var caFile: String?
    /// The proxy; nil for none. It is never taken from the environment, because under CGI a client can set
    /// `HTTP_PROXY`.
    package var proxy: String?
    package var userAgent: String
    /// The time for name resolution, TCP and TLS together.
    package var connectTimeout: Duration
    /// The connections of each of the two pools, idle or in use. A request beyond the limit replaces an idle
    /// connection, or waits. An idle connection takes about 50 kB with TLS.
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
