import Testing

@testable import E2B

@Suite struct ConfigurationTests {
    @Test(arguments: [
        (E2BConfiguration(apiKey: "k"), "https://api.e2b.app", "https://sandbox.e2b.app"),
        (E2BConfiguration(apiKey: "k", domain: "e2b.dev"), "https://api.e2b.dev", "https://sandbox.e2b.dev"),
        (E2BConfiguration(apiKey: "k", domain: "my.org"), "https://api.my.org", "https://49999-abc.my.org"),
        (
            E2BConfiguration(apiKey: "k", domain: "my.org:8443"), "https://api.my.org:8443",
            "https://49999-abc.my.org:8443"
        ),
        (
            E2BConfiguration(apiKey: "k", apiURL: "http://[::1]:3000/x//", sandboxURL: "HTTPS://Box:4000/"),
            "http://[::1]:3000/x", "HTTPS://Box:4000"
        ),
    ])
    func `a URL follows the rules`(configuration: E2BConfiguration, api: String, interpreter: String) throws {
        let endpoints = try Endpoints(configuration)
        #expect(endpoints.api == api)
        #expect(endpoints.base(ofPort: 49999, in: Sandbox(id: "abc")) == interpreter)
    }

    @Test func `a sandbox's own domain counts before the configuration's`() throws {
        var endpoints = try Endpoints(E2BConfiguration(apiKey: "k"))
        #expect(
            endpoints.base(ofPort: 49999, in: Sandbox(id: "abc", domain: "eu.my.org")) == "https://49999-abc.eu.my.org")
        #expect(endpoints.base(ofPort: 49999, in: Sandbox(id: "abc", domain: "e2b.pro")) == "https://sandbox.e2b.pro")
        endpoints = try Endpoints(E2BConfiguration(apiKey: "k", sandboxURL: "http://localhost:1"))
        #expect(endpoints.base(ofPort: 49999, in: Sandbox(id: "abc", domain: "eu.my.org")) == "http://localhost:1")
    }

    @Test(arguments: [
        "", "localhost", "ftp://a", "file:///etc/passwd", "http://", "https:///x", "http://user@host",
        "http://u:p@host",
        "http://a?b", "http://a#b", "http://a b", "http://a\r\nb", "http://a:0", "http://a:65536", "http://a:x",
        "http://[::1", "http://[x]", "http://é", "http:a",
    ])
    func `what is not a base URL is refused by name`(url: String) {
        let key = "e2b_secret"
        #expect {
            try E2BClient(E2BConfiguration(apiKey: key, apiURL: url))
        } throws: { error in
            guard case E2BError.invalidConfiguration(let what) = error else { return false }
            return what.contains("API's URL") && !what.contains(key)
        }
        #expect {
            try E2BClient(E2BConfiguration(apiKey: key, sandboxURL: url))
        } throws: { "\($0)".contains("sandboxes' URL") }
    }

    @Test(arguments: ["", "a b", "a\r\nX-Evil: 1", "é", "\u{0}"]) func `a key must fit a header field`(key: String) {
        #expect {
            try E2BClient(E2BConfiguration(apiKey: key))
        } throws: { "\($0)".contains("API key") }
    }

    @Test(arguments: ["", "a/b", "https://e2b.app", "a b", ".x", "[::1]"])
    func `a domain must be a host name`(domain: String) {
        #expect {
            try E2BClient(E2BConfiguration(apiKey: "k", domain: domain))
        } throws: { "\($0)".contains("domain") }
    }

    @Test(arguments: [
        (nil, nil, false), ("https://a", nil, false), ("http://a", nil, true), ("http://localhost:1", nil, false),
        ("http://127.0.0.1", "http://[::1]:1/x", false), (nil, "http://10.0.0.1", true),
        ("http://127.0.0.1.evil.org", nil, true), ("http://a.localhost", nil, false),
    ])
    func `plain text can be asked for`(api: String?, sandbox: String?, isPlaintext: Bool) {
        let configuration = E2BConfiguration(apiKey: "k", apiURL: api, sandboxURL: sandbox)
        #expect(configuration.isPlaintext == isPlaintext)
    }

    @Test(arguments: [
        (nil, "http://127.0.0.1:1", false), ("http://localhost:3128", "http://127.0.0.1:1", false),
        ("http://proxy.example:3128", "http://127.0.0.1:1", true), ("proxy.example", "http://127.0.0.1:1", true),
        ("http://user@proxy.example:3128", "https://api.example", false),
    ])
    func `plain text goes by way of the proxy`(proxy: String?, api: String, isPlaintext: Bool) {
        #expect(E2BConfiguration(apiKey: "k", apiURL: api, proxy: proxy).isPlaintext == isPlaintext)
    }

    @Test(arguments: [
        ("https://api.example/x", "https://api.example/x"), ("https://user:password@host:1/x", "https://host:1/x"),
        ("HTTP://password@host", "http://host"), ("user:password@host", "host"),
        ("password@http://host", "http://host"),
        ("http://user:pass@word@host", "http://host"), ("http://user:pass/word@host", "http://host"),
        ("socks5://user:password@host", "host"), ("password://word@host", "host"), ("http://user:password@", "http://"),
    ])
    func `no user is in what is shown of an address`(text: String, shown: String) {
        #expect(BaseURL.withoutUser(text) == shown)
        let configuration = E2BConfiguration(apiKey: "k", apiURL: text, sandboxURL: text)
        #expect("\(configuration)" == "E2BConfiguration(\(shown), \(shown))")
    }

    @Test(arguments: [
        ("https://a.example", "https://a.example"), ("HTTPS://A.example:443/x/", "https://a.example"),
        ("http://a.example:80", "http://a.example"), ("http://a.example:443", "http://a.example:443"),
        ("https://[::1]:8443/", "https://[::1]:8443"),
    ])
    func `an address has the origin that browsers give it`(url: String, origin: String) {
        #expect(BaseURL(url)?.origin == origin)
    }

    @Test func `the environment is read as E2B's own clients read it`() throws {
        let none = E2BConfiguration(environment: ["E2B_DOMAIN": ""])
        #expect(none.apiKey.isEmpty && none.domain == "e2b.app" && none.apiURL == nil && none.sandboxURL == nil)
        let debug = E2BConfiguration(environment: ["E2B_DEBUG": "true", "E2B_API_KEY": "k", "E2B_API_URL": "http://x"])
        #expect(debug.apiKey == "k" && debug.apiURL == "http://x" && debug.sandboxURL == nil)
        let endpoints = try Endpoints(debug)
        for port in [49983, 49999, 8080] {
            #expect(endpoints.base(ofPort: port, in: testSandbox) == "http://localhost:\(port)")
        }
        #expect(endpoints.address(ofPort: 8080, in: testSandbox).host == "localhost:8080")
        #expect(
            try Endpoints(E2BConfiguration(environment: ["E2B_DEBUG": "TRUE"])).api == "http://localhost:3000")
    }

    @Test func `secrets are not printed`() {
        let configuration = E2BConfiguration(apiKey: testKey)
        for text in ["\(configuration)", String(reflecting: configuration), "\(testSandbox)", "\([testSandbox])"] {
            #expect(!text.contains(testKey) && !text.contains(testToken))
        }
    }

    @Test(arguments: [
        ("1994-11-06T08:49:37Z", 784_111_777, 0), ("1994-11-06t10:49:37.5+02:00", 784_111_777, 500_000_000),
        ("1970-01-01T00:00:00.1234567891Z", 0, 123_456_789), ("2024-02-29T00:00:00Z", 1_709_164_800, 0),
        ("1969-12-31T23:59:59Z", -1, 0), ("2000-03-01 00:00:00-00:30", 951_870_600, 0),
    ])
    func `a time is read`(text: String, seconds: Int, nanoseconds: Int) {
        let time = Timestamp(rfc3339: text)
        #expect(time?.seconds == seconds && time?.nanoseconds == nanoseconds)
    }

    @Test(arguments: [
        "", "1994-11-06", "1994-13-06T08:49:37Z", "1994-11-06T24:49:37Z", "1994-11-06T08:49:37", "x",
        "1994-11-06T08:49:37.Z", "1994-11-06T08:49:37Zz",
    ])
    func `what is not a time is nothing`(text: String) {
        #expect(Timestamp(rfc3339: text) == nil)
        #expect(Timestamp(httpDate: text) == nil)
    }
}
