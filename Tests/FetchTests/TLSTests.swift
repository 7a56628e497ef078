import Fetch
import Foundation
import TestSupport
import Testing

/// Against a real nginx that speaks HTTP/2 over TLS, with a certificate made for the occasion.
@Suite(
    .timeLimit(.minutes(10)), .enabled("nginx with http_v2 and openssl are not installed") { await Nginx.isInstalled })
struct TLSTests {
    private func failure(_ configuration: FetchConfiguration, _ url: String) async throws -> FetchError? {
        let fetcher = try Fetcher(configuration)
        do {
            _ = try await fetcher.response(to: .init(url: url))
            return nil
        } catch {
            return error
        }
    }

    @Test func `a certificate of nobody we know is refused`() async throws {
        let nginx = try await Nginx()
        guard case .tls(host: "localhost", let message) = try await failure(.init(), nginx.url) else {
            Issue.record("not a TLS error")
            return
        }
        #expect(message.contains("self-signed"))
    }

    @Test func `a certificate for another host is refused`() async throws {
        let nginx = try await Nginx()
        let url = nginx.url.replacing("localhost", with: "127.0.0.1")
        guard case .tls(host: "127.0.0.1", _) = try await failure(.init(caFile: nginx.certificate), url) else {
            Issue.record("not a TLS error")
            return
        }
    }

    @Test func `a missing CA file is a TLS error`() async throws {
        let nginx = try await Nginx()
        guard case .tls = try await failure(.init(caFile: "/nowhere/ca.pem"), nginx.url) else {
            Issue.record("not a TLS error")
            return
        }
    }

    @Test func `a handshake that does not come to an end is no connection`() async throws {
        let server = Loopback { $0.waitForHangUp() }
        let configuration = FetchConfiguration(connectTimeout: .milliseconds(50))
        let url = server.url.replacing("http:", with: "https:")
        #expect(try await failure(configuration, url) == .couldNotConnect(host: "127.0.0.1"))
    }

    @Test func `a server without TLS is a TLS error`() async throws {
        let server = Loopback { connection in
            _ = connection.read()
            connection.write("HTTP/1.1 400 Bad Request\r\n\r\n")
        }
        guard case .tls = try await failure(.init(), server.url.replacing("http:", with: "https:")) else {
            Issue.record("not a TLS error")
            return
        }
    }

    @Test func `HTTP 2 where it is wanted, HTTP 1 where it must be, side by side`() async throws {
        let nginx = try await Nginx()
        let fetcher = try Fetcher(.init(caFile: nginx.certificate))
        for (version, answer) in [(FetchRequest.HTTPVersion.negotiated, "HTTP/2.0"), (.http1, "HTTP/1.1")] + [
            (.negotiated, "HTTP/2.0"), (.http1, "HTTP/1.1"),
        ] {
            let response = try await fetcher.response(to: .init(url: nginx.url + "/version", httpVersion: version))
            #expect(response.head.status == 200)
            #expect(response.head.headers["content-type"] == "text/plain")
            #expect(String(decoding: response.body, as: UTF8.self) == answer)
        }
    }

    private struct Exchange: Equatable {
        var request: String
        var version: String
        var answer: String
    }

    /// The requests of an execution, from 64 clients, to a server that keeps replacing the connections.
    private func executions(_ fetcher: Fetcher, _ url: String) async throws -> [Exchange] {
        let shapes: [(method: String, version: FetchRequest.HTTPVersion, name: String)] = [
            ("POST", .negotiated, "HTTP/2.0"), ("POST", .http1, "HTTP/1.1"), ("DELETE", .negotiated, "HTTP/2.0"),
        ]
        return try await withThrowingTaskGroup(of: [Exchange].self) { group in
            for client in 0..<64 {
                group.addTask {
                    var exchanges: [Exchange] = []
                    for turn in 0..<99 {
                        let (method, version, name) = shapes[turn % shapes.count]
                        let path = "/echo/\(client)/\(turn)"
                        let request = FetchRequest(
                            method: method, url: url + path, body: method == "POST" ? [1] : nil, httpVersion: version)
                        do throws(FetchError) {
                            let body = try await fetcher.response(to: request).body
                            let answer = String(decoding: body, as: UTF8.self)
                            exchanges.append(Exchange(request: "\(method) \(path)", version: name, answer: answer))
                        } catch .cut {
                            // The server ended the connection meanwhile, and the request may not be sent again.
                        }
                    }
                    return exchanges
                }
            }
            return try await group.reduce([], +)
        }
    }

    @Test func `every request gets its own answer, over its own version of HTTP`() async throws {
        let nginx = try await Nginx(requestsPerConnection: 20)
        let exchanges = try await executions(Fetcher(.init(caFile: nginx.certificate)), nginx.url)
        #expect(exchanges.filter { $0.answer != "\($0.request) \($0.version)" } == [])
        #expect(exchanges.count > 6000)
    }

    /// Two servers share the port, as the machines behind one name do while they are being changed over.
    @Test func `every request gets its own answer where only some connections have HTTP 2`() async throws {
        let nginx = try await Nginx(requestsPerConnection: 20)
        let older = try await Nginx(requestsPerConnection: 20, beside: nginx)
        let exchanges = try await executions(Fetcher(.init(caFile: nginx.certificate)), nginx.url)
        #expect(exchanges.filter { !$0.answer.hasPrefix($0.request + " ") } == [])
        #expect(exchanges.count > 6000)
        #expect(Set(exchanges.map { $0.version + $0.answer.suffix(8) }).count == 3, "both had their share")
        withExtendedLifetime(older) {}
    }

    @Test func `TLS connections are kept`() async throws {
        let nginx = try await Nginx()
        let fetcher = try Fetcher(.init(caFile: nginx.certificate))
        let connections = try await withThrowingTaskGroup(of: [String].self) { group in
            for client in 0..<8 {
                group.addTask {
                    var connections: [String] = []
                    for _ in 0..<25 {
                        let request = FetchRequest(
                            url: nginx.url + "/connection", httpVersion: client < 4 ? .negotiated : .http1)
                        let response = try await fetcher.response(to: request)
                        connections.append(String(decoding: response.body, as: UTF8.self))
                    }
                    return connections
                }
            }
            return try await group.reduce([], +)
        }
        #expect(connections.count == 200)
        #expect(Set(connections).count <= 8)
    }

    @Test func `leaving a stream early leaves the connection's other streams alone`() async throws {
        let nginx = try await Nginx()
        let fetcher = try Fetcher(.init(caFile: nginx.certificate))
        let length = 8 << 20
        let request = FetchRequest(url: nginx.url + "/large", responseLimit: length)
        let whole = try await fetcher.withStream(of: request) { stream in
            var count = try await stream.next()?.count ?? 0
            for _ in 0..<5 { _ = try await fetcher.withStream(of: request) { try await $0.next() } }
            while let bytes = try await stream.next() { count += bytes.count }
            return count
        }
        #expect(whole == length)
    }

    @Test func `a POST goes over HTTP 2 with its body`() async throws {
        // Behind a proxy, because nginx's own answers come before the body is read.
        let server = Loopback { connection in
            guard let request = connection.readRequest() else { return }
            connection.respond("\(request.body.count)")
        }
        let nginx = try await Nginx(upstream: server.url)
        let fetcher = try Fetcher(.init(caFile: nginx.certificate))
        let request = FetchRequest(
            method: "POST", url: nginx.url + "/upstream", body: [UInt8](repeating: 1, count: 65_535))
        let response = try await fetcher.response(to: request)
        #expect(String(decoding: response.body, as: UTF8.self) == "65535")
    }

    @Test func `silence over HTTP 2 is idle, and ends one stream only`() async throws {
        let silent = Loopback { $0.waitForHangUp() }
        let nginx = try await Nginx(upstream: silent.url)
        let fetcher = try Fetcher(.init(caFile: nginx.certificate))
        let connection = FetchRequest(url: nginx.url + "/connection")
        let before = try await fetcher.response(to: connection)
        await #expect(throws: FetchError.idle) {
            try await fetcher.response(to: .init(url: nginx.url + "/upstream", idleTimeout: .milliseconds(50)))
        }
        #expect(try await fetcher.response(to: connection).body == before.body)
    }

    @Test(arguments: [(65_535, "HTTP/2.0"), (65_536, "HTTP/1.1"), (900_000, "HTTP/1.1")])
    func `an answer that does not wait for the body is heard`(_ length: Int, _ version: String) async throws {
        let nginx = try await Nginx()
        let fetcher = try Fetcher(.init(caFile: nginx.certificate))
        let request = FetchRequest(
            method: "POST", url: nginx.url + "/version", body: [UInt8](repeating: 1, count: length))
        let response = try await fetcher.response(to: request)
        #expect(String(decoding: response.body, as: UTF8.self) == version)
    }
}

/// An nginx of our own, as whoever runs the tests.
private final class Nginx: Sendable {
    let certificate: String
    let url: String
    private let process: ChildProcess
    private let folder: URL

    static var isInstalled: Bool {
        get async {
            let folder = FileManager.default.temporaryDirectory
            guard let nginx = try? await run("nginx", "-V", in: folder) else { return false }
            return nginx.log.contains("http_v2_module") && (try? Binaries.system("openssl")) != nil
        }
    }

    /// - Parameter other: one that this takes connections beside, on the same port, without HTTP/2.
    init(
        upstream: String = "http://127.0.0.1:1", requestsPerConnection: Int = 1000, beside other: Nginx? = nil
    ) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "fetch-\(UUID())")
        self.folder = folder
        try FileManager.default.createDirectory(at: folder.appending(path: "www"), withIntermediateDirectories: true)
        certificate = folder.appending(path: "certificate.pem").path
        let key = folder.appending(path: "key.pem")
        if let other {
            url = other.url
            for file in ["certificate.pem", "key.pem"] {
                try FileManager.default.copyItem(
                    at: other.folder.appending(path: file), to: folder.appending(path: file))
            }
        } else {
            url = "https://localhost:\(try freePort())"
            try await Self.run(
                "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key.path, "-out", certificate, "-days", "1",
                "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", in: folder)
        }
        let port = url.split(separator: ":").last ?? ""
        let protocols = other == nil ? "ssl http2 reuseport" : "ssl reuseport"
        try Data(count: 8 << 20).write(to: folder.appending(path: "www/large"))
        let temporaries = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map { "\($0)_temp_path \(folder.path)/\($0);" }.joined(separator: " ")
        try """
        daemon off; master_process off; pid \(folder.path)/pid; error_log \(folder.path)/error.log;
        events {}
        http {
            access_log off; \(temporaries) keepalive_requests \(requestsPerConnection);
            server {
                listen 127.0.0.1:\(port) \(protocols); listen [::1]:\(port) \(protocols);
                ssl_certificate certificate.pem; ssl_certificate_key key.pem;
                default_type text/plain; root \(folder.path)/www;
                location = /version { return 200 $server_protocol; }
                location = /connection { return 200 $connection; }
                location /echo/ { return 200 "$request_method $request_uri $server_protocol"; }
                location = /upstream { proxy_pass \(upstream); }
            }
        }
        """.write(to: folder.appending(path: "nginx.conf"), atomically: true, encoding: .utf8)
        process = try await ChildProcess(
            Binaries.system("nginx"),
            [
                "-p", folder.path, "-e", folder.appending(path: "error.log").path, "-c",
                folder.appending(path: "nginx.conf").path,
            ], in: folder)
        let pid = folder.appending(path: "pid").path
        try await process.wait(for: "the pid file, written when it listens") {
            FileManager.default.fileExists(atPath: pid)
        }
    }

    deinit {
        process.signal(SIGKILL)
        try? FileManager.default.removeItem(at: folder)
    }

    @discardableResult
    private static func run(_ tool: String, _ arguments: String..., in folder: URL) async throws -> ChildProcess {
        let process = try await ChildProcess(Binaries.system(tool), arguments, in: folder)
        await process.ended()
        return process
    }
}
