/// A socket that the web server connects to.
package struct Listener: Sendable {
    package enum Address: Equatable, Sendable {
        case unix(path: String)
        case tcp(host: String, port: UInt16)
        /// File descriptor 0, opened by whoever started us: spawn-fcgi, systemd, mod_fcgid.
        case inherited
    }
}
