/// How this process was started, judged by descriptor 0 and the environment.
package enum LaunchMode: Equatable, Sendable {
    /// As a FastCGI responder: descriptor 0 is a listening socket, to be served as ``Listener/Address/inherited``.
    case fastCGI
    /// As a CGI program, for one request, to be served by ``serveCGI(environment:input:output:onFailure:handler:)``.
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
