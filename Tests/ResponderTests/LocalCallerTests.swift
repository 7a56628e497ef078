import FastCGI
import Testing

@testable import Responder

/// Without keys only programs on this machine are answered, and no web page.
struct LocalCallerTests {
    private static let local = [
        "REQUEST_METHOD": "POST", "CONTENT_TYPE": "application/json", "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "127.0.0.1:3001", "SERVER_PROTOCOL": "HTTP/1.1",
    ]

    private func status(_ params: [String: String]) -> Int {
        let request = FastCGIRequest(
            params: Self.local.merging(params) { _, own in own }, stdin: .success([]))
        return switch Authenticator(keys: []).verdict(on: request) {
        case .admitted(let name): name == "local" ? 200 : 0
        case .refused(let refusal): refusal.status
        }
    }

    @Test(arguments: [
        ("127.0.0.1", 200), ("127.255.0.9", 200), ("::1", 200), ("::ffff:127.0.0.1", 200), ("unix:", 200),
        ("192.0.2.1", 401), ("", 401), ("127.evil", 401), ("127.0.0.1.example", 401), ("1127.0.0.1", 401),
        ("::ffff:192.0.2.1", 401), ("::2", 401), ("0.0.0.0", 401), ("::", 401), ("localhost", 401),
        ("127.0.0.1, 192.0.2.1", 401),
    ])
    func `the peer is this machine`(address: String, expected: Int) {
        #expect(status(["REMOTE_ADDR": address]) == expected)
    }

    @Test(arguments: [
        "localhost", "localhost:3001", "LocalHost:3001", "127.0.0.1", "127.1.2.3:80", "[::1]", "[::1]:3001",
        "[0:0:0:0:0:0:0:1]:3001", "[::ffff:127.0.0.1]:3001",
    ])
    func `a loopback Host is taken`(host: String) { #expect(status(["HTTP_HOST": host]) == 200) }

    @Test(arguments: [
        "", "evil.example", "evil.example:3001", "localhost.evil.example", "localhost.", "localhost.:3001",
        "x.localhost",
        "127.0.0.1.evil.example", "127.0.0.1.", "127.1", "2130706433", "0x7f.0.0.1", "0177.0.0.1", "0.0.0.0:3001",
        "[::]:3001", "::1", "[::1", "[::1]x", "[127.0.0.1]", "192.168.1.2:3001", "localhost@evil.example",
        "evil.example@localhost", "localhost:80@evil.example", "localhost:", "localhost:+80", "localhost:99999",
        "localhost, evil.example", "localhost evil.example", "http://localhost", "localhost/", "[fe80::1%25lo]",
        "127.0.0.1\0.evil.example",
    ])
    func `another Host is refused, however close`(host: String) { #expect(status(["HTTP_HOST": host]) == 403) }

    @Test func `without a Host nobody is answered`() {
        var params = Self.local
        params["HTTP_HOST"] = nil
        let verdict = Authenticator(keys: []).verdict(on: FastCGIRequest(params: params, stdin: .success([])))
        #expect(verdict != .admitted(name: "local"))
    }

    @Test(arguments: [
        ("http://127.0.0.1:3001", 200), ("HTTP://127.0.0.1:3001", 200), ("", 200), ("null", 403),
        ("http://evil.example", 403), ("http://127.0.0.1", 403), ("http://127.0.0.1:3002", 403),
        ("https://127.0.0.1:3001", 403), ("http://localhost:3001", 403), ("http://127.0.0.1:3001/", 403),
        ("http://127.0.0.1:3001, http://evil.example", 403), ("chrome-extension://abcdef", 403),
    ])
    func `a page of another origin is refused`(origin: String, expected: Int) {
        #expect(status(["HTTP_ORIGIN": origin]) == expected)
    }

    @Test(arguments: [
        ("", 200), ("none", 200), ("same-origin", 200), ("same-site", 403), ("cross-site", 403), ("Same-Origin", 403),
        ("none, cross-site", 403),
    ])
    func `Fetch Metadata of another site is refused`(site: String, expected: Int) {
        #expect(status(["HTTP_SEC_FETCH_SITE": site]) == expected)
        // A page of the right origin that says otherwise is not to be trusted.
        #expect(status(["HTTP_SEC_FETCH_SITE": site, "HTTP_ORIGIN": "http://127.0.0.1:3001"]) == expected)
    }

    @Test(arguments: [
        ("application/json", 200), ("Application/JSON; charset=utf-8", 200), ("application/json;", 200), ("", 415),
        ("text/plain", 415), ("text/plain;application/json", 415), ("application/x-www-form-urlencoded", 415),
        ("multipart/form-data; boundary=application/json", 415), ("application/jsonp", 415), ("text/json", 415),
        ("application/json, text/plain", 415), ("text/plain, application/json", 415), ("application/ld+json", 415),
    ])
    func `a body is JSON by its type`(type: String, expected: Int) {
        #expect(status(["CONTENT_TYPE": type]) == expected)
    }

    @Test func `a form is taken from a program, which sends a header that no page can`() {
        let form = "multipart/form-data; boundary=x"
        #expect(status(["CONTENT_TYPE": form, "HTTP_USER_ID": "u"]) == 200)
        #expect(status(["CONTENT_TYPE": form, "HTTP_X_CODEAPI_EXPECTED_PROFILE": "default"]) == 200)
        #expect(status(["CONTENT_TYPE": form, "HTTP_USER_ID": ""]) == 415)
        #expect(status(["CONTENT_TYPE": form, "HTTP_ACCEPT": "*/*", "HTTP_USER_AGENT": "x"]) == 415)
        #expect(status(["CONTENT_TYPE": form, "HTTP_USER_ID": "u", "HTTP_ORIGIN": "http://evil.example"]) == 403)
        // A page asks before it sends any other method.
        #expect(status(["REQUEST_METHOD": "DELETE", "CONTENT_TYPE": ""]) == 200)
    }

    @Test(arguments: [
        "Via", "Forwarded", "X-Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto",
        "X-Forwarded-Port", "X-Forwarded-Server", "X-Forwarded-Anything", "X-Real-IP", "CF-Connecting-IP", "CF-Ray",
        "True-Client-IP", "X-Client-IP", "Fastly-Client-IP", "Fly-Client-IP", "X-Cluster-Client-IP", "Client-IP",
        "X-Original-For", "X-Original-Host", "X-Original-URL", "X-Original-Forwarded-For", "X-ProxyUser-Ip",
        "X-Proxy-Anything", "WL-Proxy-Client-IP", "X-Envoy-External-Address", "X-Azure-ClientIP", "X-Amzn-Trace-Id",
        "X-Remote-IP", "X-Remote-Addr", "X-Originating-IP", "CDN-Loop", "X-Varnish", "X-Host", "X-Scheme",
        "X-Rewrite-URL", "Front-End-Https", "DO-Connecting-IP", "Ali-CDN-Real-IP",
    ])
    func `any sign of a proxy counts`(header: String) {
        let param = "HTTP_" + header.uppercased().replacing("-", with: "_")
        #expect(status([param: "192.0.2.1"]) == 401)
        #expect(status([param: "127.0.0.1"]) == 401)
        #expect(status([param: ""]) == 200)
    }

    @Test(arguments: [
        ["E2B_FCGI_PROXIED": "1.1 proxy"], ["SERVER_PROTOCOL": "HTTP/1.0"], ["SERVER_PROTOCOL": "HTTP/0.9"],
    ])
    func `so do what nginx says of them, and an old proxy's protocol`(params: [String: String]) {
        #expect(status(params) == 401)
    }

    @Test(arguments: [
        "User-Agent", "Accept", "Accept-Encoding", "Authorization", "X-Request-Id", "X-Requested-With", "Cookie",
        "Sec-Fetch-Mode", "Sec-CH-UA", "Upgrade-Insecure-Requests", "DNT", "Referer", "Traceparent", "Expect",
    ])
    func `what clients send themselves is no sign of a proxy`(header: String) {
        #expect(status(["HTTP_" + header.uppercased().replacing("-", with: "_"): "x"]) == 200)
    }
}
