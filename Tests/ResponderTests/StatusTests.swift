import FastCGI
import Foundation
import Glibc
import Interpreter
import TestSupport
import Testing

@testable import Responder

/// `/status` and `/metrics`: who may read them, and what they say.
@Suite(.timeLimit(.minutes(5)))
struct StatusTests {
    private static let secret = "correct-horse-battery-staple-1"

    private func makeResponder(_ settings: [String: String] = ["E2B_FCGI_KEYS": "team:\(secret)"]) throws -> Responder {
        try Responder(Configuration(environment: settings), client: nil, log: EventLog(isLoggingRequests: false))
    }

    private func ask(
        _ responder: Responder, _ path: String, query: String = "", method: String = "GET",
        _ params: [String: String] = [:], body: String = ""
    ) async -> Response {
        let standard = [
            "REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": query, "REMOTE_ADDR": "127.0.0.1",
            "HTTP_HOST": "127.0.0.1:3001", "SERVER_PROTOCOL": "HTTP/1.1", "CONTENT_TYPE": "application/json",
        ]
        return await responder.respond(
            to: FastCGIRequest(
                params: standard.merging(params) { _, own in own }, stdin: .success(Array(body.utf8))))
    }

    private func value(_ name: String, _ response: Response) -> String? {
        response.headers.first { $0.name == name }?.value
    }

    private static let key = ["HTTP_AUTHORIZATION": "Bearer \(secret)"]
    private static let stranger = ["REMOTE_ADDR": "192.0.2.7", "HTTP_HOST": "code.example"]

    @Test(arguments: ["/status", "/metrics"])
    func `this machine and holders of a key are answered, and nobody else`(path: String) async throws {
        let responder = try makeResponder()
        #expect(await ask(responder, path).status == 200)
        #expect(await ask(responder, path, method: "HEAD").status == 200)
        #expect(await ask(responder, path, Self.stranger.merging(Self.key) { _, own in own }).status == 200)
        for params in [
            Self.stranger, ["REMOTE_ADDR": "192.0.2.7"], ["HTTP_X_FORWARDED_FOR": "192.0.2.7"],
            ["E2B_FCGI_PROXIED": "1.1 proxy"], ["HTTP_HOST": "rebound.example"],
            ["HTTP_ORIGIN": "https://evil.example"],
            ["HTTP_AUTHORIZATION": "Bearer \(Self.secret)x"],
        ] {
            let response = await ask(responder, path, params)
            #expect([401, 403].contains(response.status), "\(params)")
            #expect(response.body.bytes?.count ?? 0 < 300)
        }
        #expect(await ask(responder, path, method: "POST").status == 405)
        let keyless = try makeResponder([:])
        #expect(await ask(keyless, path).status == 200)
        #expect(await ask(keyless, path, Self.stranger).status == 401)
    }

    @Test func `metrics are what Prometheus reads, with few labels whatever is asked for`() async throws {
        let responder = try makeResponder(["E2B_FCGI_KEYS": "te\"am\\:\(Self.secret)"])
        for path in ["/execute", "/status", "/f/token/name", "/nothing\n/\"here\"", "/v1/download/a/b", "/k/x/v1/exec"]
        {
            _ = await ask(responder, path, Self.key)
        }
        for number in 0..<50 { _ = await ask(responder, "/random/\(number)") }
        let response = await ask(responder, "/metrics")
        #expect(value("Content-Type", response) == "text/plain; version=0.0.4; charset=utf-8")
        let text = String(decoding: response.body.bytes ?? [], as: UTF8.self)
        let families = try PrometheusText(text).families
        #expect(families["e2b_fcgi_build_info"]?.samples.first?.labels["version"] == Version.number)
        #expect(families["e2b_fcgi_requests_total"]?.type == "counter")
        let routes = Set(families["e2b_fcgi_requests_total"]?.samples.compactMap { $0.labels["route"] } ?? [])
        #expect(
            routes == ["/execute", "/status", "/f/{token}/{name}", "none", "/v1/download/{session}/{file}", "/v1/exec"])
        let unknown = families["e2b_fcgi_requests_total"]?.samples.filter { $0.labels["route"] == "none" }
        #expect(unknown?.map(\.value) == [51])
        let owners = Set(families["e2b_fcgi_owner_bytes_total"]?.samples.compactMap { $0.labels["owner"] } ?? [])
        #expect(owners.contains("te\"am\\"))
        for name in ["sandbox_create", "run", "sandbox_kill", "image", "queue"] {
            #expect(families["e2b_fcgi_\(name)_seconds"]?.type == "histogram", "\(name)")
        }
    }

    @Test func `the status has php-fpm's words, the last errors and nothing secret`() async throws {
        let responder = try makeResponder()
        _ = await ask(
            responder, "/execute", method: "POST", Self.key.merging(["REQUEST_ID": "0123456789abcdef"]) { $1 },
            body: "{}")
        _ = await ask(responder, "/k/\(Self.secret)/v1/none")
        for _ in 0..<100 { _ = await ask(responder, "/v1/exec", method: "POST", Self.stranger, body: "{}") }
        let response = await ask(responder, "/status")
        let text = String(decoding: response.body.bytes ?? [], as: UTF8.self)
        for name in [
            "pool", "process manager", "start time", "start since", "accepted conn", "listen queue", "max listen queue",
            "listen queue len", "idle processes", "active processes", "total processes", "max active processes",
            "slow requests",
        ] {
            #expect(text.contains("\n\(name): ") || text.hasPrefix("\(name): "), "\(name)")
        }
        #expect(text.contains("accepted conn:        103\n"))

        let reply = await ask(responder, "/status", query: "json&full")
        #expect(value("Content-Type", reply) == "application/json")
        let bytes = reply.body.bytes ?? []
        #expect(!String(decoding: bytes, as: UTF8.self).contains(Self.secret))
        let json = try #require(JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
        #expect(json["accepted conn"] as? Int == 104)
        let errors = try #require(json["recentErrors"] as? [[String: Any]])
        // Strangers push nobody out.
        #expect(errors.count == 11)
        let error = try #require(errors.first { $0["requestId"] as? String == "0123456789abcdef" })
        #expect(error["status"] as? Int == 400 && error["route"] as? String == "/execute")
        #expect(error["step"] as? String == "body" && (error["error"] as? String)?.contains("`code`") == true)
        #expect((error["time"] as? String)?.hasSuffix("Z") == true)
        let requests = try #require(json["requests"] as? [[String: Any]])
        #expect(requests.count == 1 && requests[0]["route"] as? String == "/status")
        #expect(requests[0]["owner"] as? String == "local" && requests[0]["state"] as? String == "reading")
    }

    @Test(arguments: [
        ("REQUEST_ID", "3f1c0a9be77d4f2a", true), ("UNIQUE_ID", "Zx@-_.a1Zx@-_.a1", true),
        ("REQUEST_ID", "short", false), ("REQUEST_ID", "0123456789\r\nX: y", false),
        ("REQUEST_ID", String(repeating: "a", count: 65), false), ("REQUEST_ID", "\"},{\"forged\":\"", false),
        ("HTTP_X_REQUEST_ID", "0123456789abcdef", false),
    ])
    func `the web server's id of a request comes back, if it is one`(param: String, id: String, isTaken: Bool)
        async throws
    {
        let response = await ask(try makeResponder(), "/health", [param: id])
        let given = try #require(value("X-Request-Id", response))
        #expect((given == id) == isTaken)
        #expect(given.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f })
    }

    // MARK: The socket of its own

    private func withServer(
        _ responder: Responder, _ body: (String) async throws -> Void
    ) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "e2b-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appending(path: "status").path
        let server = try StatusServer(at: .unix(path: path), { responder.status }) { _ in }
        while !FileManager.default.fileExists(atPath: path) { try await Task.sleep(for: .milliseconds(5)) }
        let result: Result<Void, any Error>
        do { result = .success(try await body(path)) } catch { result = .failure(error) }
        await withCheckedContinuation { continuation in
            onThread {
                server.stop()
                continuation.resume()
            }
        }
        #expect(!FileManager.default.fileExists(atPath: path))
        try result.get()
    }

    private func curl(_ path: String, _ url: String, _ arguments: [String] = []) async throws -> HTTPReply {
        let process = try await ChildProcess(
            Binaries.system("curl"), ["-s", "-i", "--max-time", "60", "--unix-socket", path] + arguments + [url],
            in: FileManager.default.temporaryDirectory)
        _ = await process.ended()
        return try HTTPReply(parsing: Data(process.outputText.utf8))
    }

    @Test func `a socket of its own answers, also after peers that say nothing`() async throws {
        let responder = try makeResponder()
        try await withServer(responder) { path in
            let silent = try (0..<3).map { _ in try WebServer(unix: path) }
            let reply = try await curl(path, "http://localhost/status?json")
            #expect(reply.status == 200 && reply.headers["content-type"] == "application/json")
            #expect(reply.text.contains("\"accepted conn\":0"))
            withExtendedLifetime(silent) {}
            #expect(try PrometheusText(try await curl(path, "http://localhost/metrics").text).families.count > 20)
            #expect(try await curl(path, "http://localhost/status?full").text.hasPrefix("pool: "))
            #expect(try await curl(path, "http://localhost/execute").status == 404)
            #expect(try await curl(path, "http://localhost/status", ["-d", "x"]).status == 405)
        }
    }

    @Test(arguments: [
        ("GET /status HTTP/1.1\r\nHost: 127.0.0.1:9113\r\n\r\n", "200"),
        ("GET /status HTTP/1.1\r\nhost: localhost\r\n\r\n", "200"),
        ("HEAD /metrics HTTP/1.0\r\nHost: [::1]:9113\r\n\r\n", "200"),
        ("GET /status HTTP/1.1\r\nHost: rebound.example\r\n\r\n", "403"),
        ("GET /status HTTP/1.1\r\n\r\n", "403"),
        ("GET /status HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n", "403"),
        ("GET /status HTTP/1.1\r\nHost: localhost\r\nOrigin: https://evil.example\r\n\r\n", "403"),
        ("GET /status\r\n\r\n", "400"), ("\r\n\r\n", "400"), ("PUT /status HTTP/1.1\r\nHost: localhost\r\n\r\n", "405"),
    ])
    func `at a loopback address no web page is answered`(head: String, status: String) async throws {
        let responder = try makeResponder()
        try await withServer(responder) { path in
            // Another server, which is not started, decides by the same rules.
            let server = try StatusServer(at: .unix(path: path + "2"), { responder.status }) { _ in }
            let answer = String(decoding: server.answer(to: head, isUnix: false), as: UTF8.self)
            #expect(answer.hasPrefix("HTTP/1.1 \(status) "), "\(answer.prefix(100))")
            await withCheckedContinuation { continuation in
                onThread {
                    server.stop()
                    continuation.resume()
                }
            }
        }
    }
}
