import E2B
import FastCGI
import Fetch
import ImageGate
import Interpreter
import Responder
import Testing

struct ConfigurationTests {
    @Test func `every default is valid`() throws {
        let configuration = try Configuration(environment: [:])
        #expect(!configuration.isAPIKeyConfigured)
        #expect(configuration.template == "code-interpreter-v1")
        #expect(
            configuration.limits.executions == ExecutionLimits(places: 20, share: 20, queue: 100, wait: .seconds(20)))
        #expect(configuration.limits.time.standard == .seconds(120))
        #expect(configuration.limits.time.maximum == .seconds(300))
        #expect(configuration.imagePolicy.shortSide == 768)
        #expect(configuration.imagePolicy.longSide == 2000)
        #expect(configuration.imagePolicy.byteBudget == 100_000)
    }

    @Test(arguments: [
        ("E2B_FCGI_EXECUTIONS", "many", "a whole number from 1 to 10000"),
        ("E2B_FCGI_EXECUTIONS", "0", "a whole number from 1 to 10000"),
        ("E2B_FCGI_BODY_LIMIT", "-1", "a whole number"),
        ("E2B_FCGI_TIMEOUT", "1.5", "a whole number"),
        ("E2B_FCGI_IMAGE_BOX", "768", "two sides in pixels"),
        ("E2B_FCGI_IMAGE_BOX", "2000x768", "the short one first"),
        ("E2B_FCGI_IMAGE_BOX", "0x1", "two sides in pixels"),
        ("E2B_FCGI_SVG", "draw", "rasterise or sanitise"),
        ("E2B_FCGI_LOG", "yes", "on or off"),
        ("E2B_FCGI_LOG_LEVEL", "verbose", "error or warning or info or debug"),
        ("E2B_FCGI_LOG_FORMAT", "xml", "json or text"),
        ("E2B_FCGI_KEY_LIMITS", "ann:seconds=10", "entry 1: its name must be that of a key"),
        ("E2B_FCGI_KEY_LIMITS", "seconds=10", "entry 1: it must be name:concurrent=8"),
        ("E2B_FCGI_KEY_LIMITS", "local:", "entry 1: it must be name:concurrent=8"),
        ("E2B_FCGI_KEY_LIMITS", "local:seconds=0", "entry 1: it must be name:concurrent=8"),
        ("E2B_FCGI_KEY_LIMITS", "local:seconds=1,minutes=1", "entry 2: it must be name:concurrent=8"),
        ("E2B_FCGI_KEY_LIMITS", "local:seconds=1,seconds=2", "entry 2: this limit of the key is there twice"),
        ("E2B_FCGI_STATUS_LISTEN", "0.0.0.0:9113", "a loopback address with a port"),
        ("E2B_FCGI_STATUS_LISTEN", "status.sock", "the absolute path of a Unix socket"),
        ("E2B_FCGI_STATUS_LISTEN", "127.0.0.1", "a loopback address with a port"),
        ("E2B_API_URL", "api.e2b.app", "begins with http:// or https://"),
        ("E2B_SANDBOX_URL", "http://a b", "begins with http:// or https://"),
        ("E2B_FCGI_CA_FILE", "/nonexistent.pem", "No such file"),
        ("PUBLIC_BASE_URL", "ftp://x", "begins with http:// or https://"),
        ("E2B_FCGI_EXECUTION", "5", "there is no such setting"),
        ("E2B_FCGI_KEYS", "nosecret", "entry 1: it must be name:secret"),
        ("E2B_FCGI_KEYS", ":1234567890123456", "entry 1: it must be name:secret"),
        ("E2B_FCGI_KEYS", "a:1234567890123456,b:short", "entry 2: it must be name:secret"),
        ("E2B_FCGI_KEYS", "a:123456789012345", "at least 16 characters"),
        ("E2B_FCGI_KEYS", "a:üüüüüüüüüü", "at least 16 characters"),
        ("E2B_FCGI_KEYS", "a:1234567890123456,", "entry 2: it must be name:secret"),
        (
            "E2B_FCGI_KEYS", "a:1234567890123456,a:6543210987654321,a:1234567890654321",
            "entry 3: the name a is there a third time"
        ),
        ("E2B_FCGI_KEYS", "a:1234567890123456, b: 1234567890123456", "entry 2: another entry has the same secret"),
        ("E2B_FCGI_KEYS", "", "there is no key in it"), ("E2B_FCGI_KEYS", ",", "there is no key in it"),
        ("E2B_FCGI_KEYS", " , ,", "there is no key in it"), ("E2B_FCGI_KEYS", "  ", "there is no key in it"),
        ("E2B_FCGI_KEYS", "a:1234567890123456\r", "a control character"),
        ("E2B_API_KEY", "e2b_1234\n", "a control character"), ("E2B_TEMPLATE", "a\u{0}b", "a control character"),
        ("E2B_FCGI_ORIGINS", "*", "entry 1: it must be an origin"),
        ("E2B_FCGI_ORIGINS", "https://a.example,null", "entry 2: it must be an origin"),
        ("E2B_FCGI_ORIGINS", "https://a.example/path", "entry 1: it must be an origin"),
        ("E2B_FCGI_ORIGINS", "a.example", "entry 1: it must be an origin"),
        ("FCGI_WEB_SERVER_ADDRS", "", "IP addresses"), ("FCGI_WEB_SERVER_ADDRS", "web.example", "IP addresses"),
        ("FCGI_WEB_SERVER_ADDRS", "10.0.0.1,,10.0.0.2", "IP addresses"),
        ("FCGI_WEB_SERVER_ADDRS", "10.0.0.0/8", "IP addresses"),
        ("E2B_API_URL", "http://10.0.0.1:3000", "E2B_FCGI_ALLOW_HTTP=on"),
        ("E2B_SANDBOX_URL", "http://sandboxes.example", "E2B_FCGI_ALLOW_HTTP=on"),
        ("E2B_SANDBOX_URL", "HTTP://127.0.0.1.example", "E2B_FCGI_ALLOW_HTTP=on"),
        ("PUBLIC_BASE_URL", "https://user:password@code.example", "without user"),
        ("E2B_FCGI_PROXY", "socks5://proxy:1080", "begins with http:// or https://"),
        ("E2B_CODE_EV_1X", "value", "letters, digits and underscores"),
        ("E2B_CODE_EV_QUOTE", "it's", "a quote, a backslash or a line break"),
        ("E2B_CODE_EV_LINES", "a\nb", "a quote, a backslash or a line break"),
    ])
    func `a wrong value is named and told what is right`(name: String, value: String, expected: String) throws {
        let complaint = try #require(complaints([name: value]).first)
        #expect(complaint.contains(name))
        #expect(complaint.contains(expected))
    }

    @Test func `others are told the version`() throws {
        let configuration = try Configuration(environment: [:])
        #expect(configuration.e2b.userAgent == "e2b-fcgi/\(Version.number)")
        #expect(configuration.connecting.userAgent == configuration.e2b.userAgent)
    }

    @Test func `time limits that the web server does not wait for are refused`() throws {
        for settings in [
            ["E2B_FCGI_MAX_TIMEOUT": "400"], ["E2B_FCGI_E2B_TIMEOUT": "120"], ["E2B_FCGI_READ_TIMEOUT": "300"],
            ["E2B_FCGI_MAX_TIMEOUT": "400", "E2B_FCGI_READ_TIMEOUT": "509"],
        ] {
            let complaint = try #require(complaints(settings).first)
            #expect(complaint.contains("E2B_FCGI_MAX_TIMEOUT") && complaint.contains("E2B_FCGI_READ_TIMEOUT"))
        }
        #expect(complaints(["E2B_FCGI_MAX_TIMEOUT": "400", "E2B_FCGI_READ_TIMEOUT": "510"]).isEmpty)
        #expect(try Configuration(environment: [:]).limits.time.answer == .seconds(400))
    }

    @Test(arguments: [
        (["E2B_FCGI_MEMORY": "60000000"], "E2B_FCGI_BODY_LIMIT or E2B_FCGI_FILE_BYTES"),
        (["E2B_FCGI_FILE_BYTES": "300000000"], "E2B_FCGI_BODY_LIMIT or E2B_FCGI_FILE_BYTES"),
        (["E2B_FCGI_IMAGE_INPUT_BYTES": "1000000000"], "E2B_FCGI_IMAGE_INPUT_BYTES"),
    ])
    func `a memory that one request does not fit in is refused`(environment: [String: String], settings: String) throws
    {
        let error = try #require(throws: ConfigurationError.self) {
            try Configuration(environment: environment)
        }
        #expect(error.complaints.contains { $0.contains("E2B_FCGI_MEMORY is") && $0.contains("lower \(settings).") })
    }

    @Test func `all that is wrong is told at once, without secrets`() {
        let all = complaints(["E2B_FCGI_EXECUTIONS": "x", "E2B_FCGI_GRACE": "y", "E2B_FCGI_KEYS": "s3cr3t"])
        #expect(all.count == 3)
        #expect(!all.joined().contains("s3cr3t"))
    }

    @Test(
        arguments: ["E2B_API_URL", "E2B_SANDBOX_URL", "PUBLIC_BASE_URL", "E2B_FCGI_PROXY"],
        [
            "http://user:s3cr3t@host:x", "https://s3cr3t@host/?a", "socks5://user:s3cr3t@host", "user:s3cr3t@host:1",
            "http://user:s3cr/3t#s3cr3t@host:99999", "http://user:s3cr3t@ho st", "http://user:s3cr3t", "s3cr3t",
            "http://host/?token=s3cr3t",
        ])
    func `a malformed address is not repeated`(name: String, value: String) {
        let told = complaints([name: value])
        #expect(!told.isEmpty && told.allSatisfy { $0.contains(name) && !$0.contains("s3cr") }, "\(told)")
    }

    @Test(arguments: Setting.all.map(\.name))
    func `no complaint repeats what may be a password`(name: String) {
        #expect(!complaints([name: "http://user:s3cr3t@host"]).joined().contains("s3cr3t"))
    }

    @Test func `a proxy may have a password, and an address a user nowhere else`() throws {
        let proxy = "http://user:p%40ss@proxy.example:3128"
        #expect(try Configuration(environment: ["E2B_FCGI_PROXY": proxy]).e2b.proxy == proxy)
    }

    @Test(arguments: [
        ["E2B_API_URL": "http://127.0.0.1:1", "E2B_SANDBOX_URL": "http://[::1]:2"],
        ["E2B_API_URL": "http://localhost:1", "E2B_SANDBOX_URL": "https://10.0.0.1"],
        ["E2B_API_URL": "http://10.0.0.1", "E2B_FCGI_ALLOW_HTTP": "on"],
        ["E2B_API_URL": "http://127.0.0.1:1", "E2B_FCGI_PROXY": "http://localhost:3128"],
        ["E2B_API_URL": "https://api.example", "E2B_FCGI_PROXY": "http://user:password@proxy.example:3128"],
    ])
    func `plain http is for this machine, or where it is allowed`(environment: [String: String]) {
        #expect(complaints(environment) == [])
    }

    @Test func `plain http by way of a proxy elsewhere leaves this machine`() {
        let told = complaints(["E2B_API_URL": "http://127.0.0.1:1", "E2B_FCGI_PROXY": "http://u:p@proxy.example:3128"])
        #expect(told.count == 1 && told[0].hasPrefix("E2B_API_URL: by plain http"))
    }

    @Test func `origins and web servers are read as they are compared`() throws {
        let configuration = try Configuration(environment: [
            "E2B_FCGI_ORIGINS": "https://Chat.example:443, http://localhost:3080/",
            "FCGI_WEB_SERVER_ADDRS": "10.0.0.1, 2001:db8::1",
        ])
        #expect(configuration.origins == ["https://chat.example", "http://localhost:3080"])
        #expect(configuration.webServers == WebServers(list: "2001:DB8:0::1,::ffff:10.0.0.1"))
        #expect(try Configuration(environment: [:]).webServers == .local)
    }

    @Test func `hidden variables lose their prefix, and short ones are known`() throws {
        let configuration = try Configuration(environment: [
            "E2B_CODE_EV_TOKEN": "long enough", "E2B_CODE_EV_PIN": "1234",
        ])
        #expect(configuration.secretVariables == ["TOKEN": "long enough", "PIN": "1234"])
        #expect(configuration.unredactedVariables == ["PIN"])
    }

    @Test func `a slash at the end of an address is dropped`() throws {
        let configuration = try Configuration(environment: ["E2B_API_URL": "http://127.0.0.1:1/"])
        #expect(configuration.e2b.apiURL == "http://127.0.0.1:1")
    }

    @Test func `limits of keys are read, and names go on until the next one`() throws {
        let keys = ["ann", "bob"].map { "\($0):correct-horse-battery-\($0)" }.joined(separator: ",")
        let configuration = try Configuration(environment: [
            "E2B_FCGI_KEYS": keys,
            "E2B_FCGI_KEY_LIMITS": "ann:concurrent=8, seconds=36000,bob:executions=5,jwt:seconds=1",
        ])
        #expect(
            configuration.limits.executions.keys == [
                "ann": KeyLimits(concurrent: 8, seconds: 36_000), "bob": KeyLimits(executions: 5),
                "jwt": KeyLimits(seconds: 1),
            ])
    }

    @Test(arguments: [
        "/run/status.sock", "unix:/run/status.sock", "127.0.0.1:9113", "tcp:[::1]:9113", "localhost:9113",
    ])
    func `the status is told at a place of this machine`(place: String) throws {
        #expect(try Configuration(environment: ["E2B_FCGI_STATUS_LISTEN": place]).statusAddress != nil)
    }

    @Test func `every setting is in the table of settings once`() {
        let names = Setting.all.map(\.name)
        #expect(Set(names).count == names.count)
    }
}
