/// How this process was started, as far as descriptor 0 and the environment tell.
package enum LaunchMode: Equatable, Sendable {
    /// Descriptor 0 is a listening socket: serve it as ``Listener/Address/inherited``.
    case fastCGI
    /// For one request, to be answered by ``serveCGI(bodyLimit:environment:input:output:handler:)``.
    case cgi
    /// By a person, or by an init system that passes no socket.
    case standalone

    package init(descriptor: Int32 = 0, environment: [String: String]) {
        if Listener.isListening(descriptor) {
            self = .fastCGI
        } else if environment["GATEWAY_INTERFACE"] != nil || environment["REQUEST_METHOD"] != nil {
            self = .cgi
        } else {
            self = .standalone
        }
    }
}
