/// The way in which this process was started, judging by descriptor 0 and the environment.
package enum LaunchMode: Equatable, Sendable {
    /// The process was started as a FastCGI responder. Descriptor 0 is a listening socket:
    /// ``Listener/Address/inherited``.
    case fastCGI
    /// The process was started as a CGI program for one request:
    /// ``serveCGI(environment:input:output:onFailure:handler:)``.
    case cgi
    /// The process was started by a person, or by an init system that passes no socket.
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
