import E2B
import ImageGate
import Responder
import Testing

struct ConfigurationTests {
    private func complaints(_ environment: [String: String]) -> [String] {
        do {
            _ = try Configuration(environment: environment)
            return []
        } catch {
            return error.complaints
        }
    }

    @Test func `every default is valid`() throws {
        let configuration = try Configuration(environment: [:])
        #expect(!configuration.isAPIKeyConfigured)
        #expect(configuration.template == "code-interpreter-v1")
        #expect(configuration.executionLimit == 100)
        #expect(configuration.timeout == .seconds(120))
        #expect(configuration.maximumTimeout == .seconds(300))
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
        ("E2B_API_URL", "api.e2b.app", "begins with http:// or https://"),
        ("E2B_SANDBOX_URL", "http://a b", "begins with http:// or https://"),
        ("E2B_FCGI_CA_FILE", "/nonexistent.pem", "No such file"),
        ("PUBLIC_BASE_URL", "ftp://x", "begins with http:// or https://"),
        ("E2B_FCGI_EXECUTION", "5", "there is no such setting"),
        ("E2B_FCGI_KEYS", "nosecret", "entry 1: it must be name:secret"),
        ("E2B_FCGI_KEYS", "a:12345678,b:short", "entry 2: it must be name:secret"),
        ("E2B_FCGI_KEYS", "a:12345678,a:87654321", "entry 2: the name a is there twice"),
        ("E2B_CODE_EV_1X", "value", "letters, digits and underscores"),
        ("E2B_CODE_EV_QUOTE", "it's", "a quote, a backslash or a line break"),
        ("E2B_CODE_EV_LINES", "a\nb", "a quote, a backslash or a line break"),
    ])
    func `a wrong value is named and told what is right`(name: String, value: String, expected: String) throws {
        let complaint = try #require(complaints([name: value]).first)
        #expect(complaint.contains(name))
        #expect(complaint.contains(expected))
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
        #expect(try Configuration(environment: [:]).answerLimit == .seconds(400))
    }

    @Test func `all that is wrong is told at once, without secrets`() {
        let all = complaints(["E2B_FCGI_EXECUTIONS": "x", "E2B_FCGI_GRACE": "y", "E2B_FCGI_KEYS": "s3cr3t"])
        #expect(all.count == 3)
        #expect(!all.joined().contains("s3cr3t"))
    }

    @Test func `hidden variables lose their prefix, and short ones are known`() throws {
        let configuration = try Configuration(environment: [
            "E2B_CODE_EV_TOKEN": "long enough", "E2B_CODE_EV_PIN": "1234",
        ])
        #expect(configuration.hiddenVariables == ["TOKEN": "long enough", "PIN": "1234"])
        #expect(configuration.unmaskedVariables == ["PIN"])
    }

    @Test func `a slash at the end of an address is dropped`() throws {
        let configuration = try Configuration(environment: ["E2B_API_URL": "http://127.0.0.1:1/"])
        #expect(configuration.e2b.apiURL == "http://127.0.0.1:1")
    }

    @Test func `every setting is in the table of settings once`() {
        let names = Setting.all.map(\.name)
        #expect(Set(names).count == names.count)
    }
}

struct DotEnvTests {
    @Test func `reads plain, quoted and exported values, and skips comments`() throws {
        let file = try DotEnv(
            """
            # a comment
            A=1
              export B = two words   # why
            C="with # and 'quotes'"
            D='single' # comment
            E=
            F=a#b
            """)
        #expect(
            file.variables == [
                "A": "1", "B": "two words", "C": "with # and 'quotes'", "D": "single", "E": "", "F": "a#b",
            ])
    }

    @Test(arguments: ["novalue", "1A=x", "A=\"open", "A='x' y", "a b=c"])
    func `a line of another form is named by its number, not by its words`(line: String) {
        do {
            _ = try DotEnv("GOOD=1\n\(line)\n")
            Issue.record("\(line) was taken")
        } catch {
            #expect(error.complaints == ["line 2 of the .env file: it must be NAME=value."])
        }
    }
}
