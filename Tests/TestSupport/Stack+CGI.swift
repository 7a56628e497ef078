package import Foundation

extension Stack {
    /// The responder as a web server starts it for one request.
    ///
    /// - Parameters:
    ///   - params: beside those of every request.
    ///   - arguments: what a web server makes of some queries.
    ///   - script: of bash's, which starts the responder as `$0`; nil to start it directly.
    package func startCGI(
        _ path: String, body: Data, params: [String: String] = [:], arguments: [String] = [], script: String? = nil
    ) async throws -> ChildProcess {
        try await ChildProcess(
            script == nil ? Binaries.responder : Binaries.system("bash"),
            (script.map { ["-c", $0, Binaries.responder.path] } ?? []) + arguments,
            environment: environment.merging(Self.params(path, body)) { _, own in own }
                .merging(params) { _, own in own },
            in: folder, input: body)
    }

    /// A request of a web server's whose FastCGI is libfcgi's: `cgi-fcgi` sends its environment and its stdin, and
    /// writes what comes back.
    package func startLibfcgi(_ path: String, body: Data, params: [String: String] = [:]) async throws -> ChildProcess {
        try await ChildProcess(
            Binaries.system("cgi-fcgi"), ["-bind", "-connect", socket],
            environment: Self.params(path, body).merging(params) { _, own in own }, in: folder, input: body)
    }

    private static func params(_ path: String, _ body: Data) -> [String: String] {
        [
            "GATEWAY_INTERFACE": "CGI/1.1", "REQUEST_METHOD": "POST", "SCRIPT_NAME": "", "PATH_INFO": path,
            "QUERY_STRING": "", "CONTENT_TYPE": "application/json", "CONTENT_LENGTH": "\(body.count)",
            "REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": "localhost", "SERVER_NAME": "localhost", "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
        ]
    }

    /// A session each of whose actions is a process of its own.
    package func cgiSession(_ id: String) -> ActionSession {
        ActionSession(id) { [self] request in
            let program = try await startCGI("/e2bcode", body: request.encoded())
            let exit = await program.ended()
            guard exit == .status(0) else { throw HarnessError.ended(program: "CGI", exit: exit, log: program.log) }
            return try ActionAnswer(HTTPReply(parsing: program.output))
        }
    }
}
