import Foundation
import TestSupport
import Testing

/// Without keys, behind one more web server on this machine: to ours everybody is a client on loopback then.
@Suite(.sharedStack, .timeLimit(.minutes(10)))
struct ProxyTests {
    @Test(arguments: [
        "Via: 1.1 proxy", "Forwarded: for=192.0.2.1", "X-Forwarded-For: 127.0.0.1", "X-Forwarded-Host: code.example",
        "X-Forwarded-Proto: https", "X-Forwarded-Port: 443", "X-Forwarded-Server: proxy", "X-Forwarded-Ssl: on",
        "X-Forwarded-Scheme: https", "X-Forwarded-Prefix: /code", "X-Real-IP: 192.0.2.1", "X-Real-Port: 1",
        "CF-Connecting-IP: 192.0.2.1", "CF-Ray: 1", "CF-Visitor: {}", "CF-IPCountry: FR", "CDN-Loop: cloudflare",
        "True-Client-IP: 192.0.2.1", "X-Client-IP: 192.0.2.1", "Client-IP: 192.0.2.1", "Fastly-Client-IP: 192.0.2.1",
        "Fly-Client-IP: 192.0.2.1", "X-Cluster-Client-IP: 192.0.2.1", "X-Original-For: 192.0.2.1",
        "X-Original-Host: code.example", "X-Original-URL: /execute", "X-Original-Forwarded-For: 192.0.2.1",
        "X-ProxyUser-Ip: 192.0.2.1", "X-Envoy-External-Address: 192.0.2.1", "X-Azure-ClientIP: 192.0.2.1",
        "X-Amzn-Trace-Id: Root=1", "X-Varnish: 1", "X-Remote-IP: 192.0.2.1", "X-Remote-Addr: 192.0.2.1",
        "X-Originating-IP: 192.0.2.1", "X-Host: code.example", "X-Scheme: https", "X-Rewrite-URL: /",
        "WL-Proxy-Client-IP: 192.0.2.1", "Host: code.example", "Origin: https://code.example",
        "Origin: null", "Sec-Fetch-Site: cross-site", "Sec-Fetch-Site: same-site",
    ])
    func `a request that another server handed on, or that a page sent, is refused`(header: String) async throws {
        let parts = header.split(separator: ":", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
        var client = try SharedStack.client
        client.headers = [parts[0]: parts[1]]
        let reply = try await client.execute("print(6 * 7)")
        #expect([401, 403].contains(reply.status), "\(reply.status) \(reply.text)")
        #expect(!reply.text.contains("42"))
        // Health is for everybody.
        #expect(try await client.get("/health").status == 200)
    }

    @Test(arguments: [
        "", "proxy_http_version 1.1; proxy_set_header Host $http_host;",
        "proxy_http_version 1.1; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;",
    ])
    func `nginx's proxy_pass is seen, even with nothing beside it`(directives: String) async throws {
        let stack = try #require(SharedStack.current)
        let folder = stack.folder.appending(path: "proxy-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let port = try freePort()
        let configuration = """
            daemon off; pid nginx.pid; error_log stderr warn; \(geteuid() == 0 ? "user root;" : "")
            events {}
            http {
                access_log off;
                client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi;
                scgi_temp_path scgi;
                server { listen 127.0.0.1:\(port); location / { proxy_pass \(stack.client.base); \(directives) } }
            }
            """
        try configuration.write(to: folder.appending(path: "nginx.conf"), atomically: true, encoding: .utf8)
        let proxy = try await ChildProcess(
            Binaries.system("nginx"),
            ["-e", "stderr", "-p", folder.path, "-c", folder.appending(path: "nginx.conf").path], in: folder)
        let pid = folder.appending(path: "nginx.pid").path
        try await proxy.wait(for: "the pid file") { FileManager.default.fileExists(atPath: pid) }
        var client = HTTPClient(base: "http://127.0.0.1:\(port)", folder: folder)
        client.headers["Host"] = "code.example"
        let reply = try await client.execute("print(6 * 7)")
        #expect([401, 403].contains(reply.status), "\(reply.status) \(reply.text)")
        await proxy.stop()
    }
}
