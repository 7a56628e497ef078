import Foundation
import Interpreter
import JSON
import Testing

@testable import LibreChat

struct ExecuteRequestTests {
    private func parse(_ json: String) throws(ArgumentError) -> ExecuteRequest {
        try ExecuteRequest(json: Array(json.utf8), standardTimeout: .seconds(120), maximumTimeout: .seconds(300))
    }

    @Test func `the smallest request takes every default`() throws {
        let request = try parse(#"{"code": "1"}"#)
        #expect(request.code == "1")
        #expect(request.language == .python)
        #expect(request.envs == [:])
        #expect(request.timeout == .seconds(120))
    }

    @Test func `all fields are taken, unknown ones ignored, nulls are absent`() throws {
        let request = try parse(#"{"code":"x","language":"JS","envs":{"A":"1"},"timeout":1.5,"more":[{}],"x":null}"#)
        #expect(request.language == .javascript)
        #expect(request.envs == ["A": "1"])
        #expect(request.timeout == .milliseconds(1500))
        #expect(try parse(#"{"code":"x","language":null,"envs":null,"timeout":null}"#).language == .python)
    }

    @Test(arguments: [
        ("python", Language.python), ("py", .python), ("javascript", .javascript), ("js", .javascript),
        ("typescript", .typescript), ("ts", .typescript), ("r", .r), ("R", .r), ("java", .java), ("bash", .bash),
        ("sh", .bash), ("shell", .bash),
    ])
    func `languages have their short names`(name: String, language: Language) throws {
        #expect(try parse(#"{"code":"x","language":"\#(name)"}"#).language == language)
    }

    @Test(arguments: [
        ("", "not valid JSON"),
        ("{", "not valid JSON"),
        ("nonsense", "not valid JSON"),
        ("{\"code\":\"x\"} trailing", "not valid JSON"),
        ("[]", "must be a JSON object"),
        ("\"text\"", "must be a JSON object"),
        ("5", "must be a JSON object"),
        ("null", "JSON"),
        ("{}", "`code` is missing"),
        (#"{"code":null}"#, "`code` is missing"),
        (#"{"code":""}"#, "`code` is blank"),
        (#"{"code":" \n\t"}"#, "`code` is blank"),
        (#"{"code":5}"#, "`code` must be a string"),
        (#"{"code":["x"]}"#, "`code` must be a string"),
        (#"{"code":"x","language":"cobol"}"#, "python, javascript, typescript, r, java, bash"),
        (#"{"code":"x","language":7}"#, "`language` must be one of"),
        (#"{"code":"x\u0000y"}"#, "`code` has a NUL"),
        (#"{"code":"x \ud83d"}"#, "`code` has half of a character"),
        ("\u{1f}\u{8b}", "not valid JSON"),
        (#"{"code":"x","envs":["A"]}"#, "`envs` must be an object of strings"),
        (#"{"code":"x","envs":{"A":{}}}"#, "`envs` must be an object of strings"),
        (#"{"code":"x","envs":{"A B":"1"}}"#, "`envs` must be an object of strings, named with letters, digits"),
        (#"{"code":"x","timeout":"soon"}"#, "`timeout` must be a number"),
        (#"{"code":"x","timeout":"0x3c"}"#, "`timeout` must be a number"),
        (#"{"code":"x","timeout":0}"#, "`timeout` must be from 1 to 300"),
        (#"{"code":"x","timeout":301}"#, "`timeout` must be from 1 to 300"),
        (#"{"code":"x","timeout":-5}"#, "`timeout` must be from 1 to 300"),
        (#"{"code":"x","timeout":1e400}"#, "`timeout` must be from 1 to 300"),
    ])
    func `what is wrong is named`(json: String, expected: String) throws {
        let refusal = try #require(throws: ArgumentError.self) { try parse(json) }
        #expect(refusal.sentence.contains(expected), "\(refusal.sentence)")
    }

    @Test func `what can only mean one thing is taken for it`() throws {
        let request = try parse(
            "\u{feff}" + #"{"code":"1","timeout":" 60 ","language":" Python3","envs":{"PORT":8080,"ON":true,"X":null}}"#
        )
        #expect(request.timeout == .seconds(60) && request.language == .python)
        #expect(request.envs == ["PORT": "8080", "ON": "true"])
        let written = try parse(#"{"code":"1","language":"python3.11","envs":" {\"A\": 1, \"B\": \"x\"}"}"#)
        #expect(written.language == .python && written.envs == ["A": "1", "B": "x"])
        for name in ["node20", "Node.js 20", "ECMAScript"] {
            #expect(try parse(#"{"code":"1","language":"\#(name)"}"#).language == .javascript)
        }
        let empty = try parse(#"{"code":"1","timeout":"","language":"","envs":""}"#)
        #expect(empty.timeout == .seconds(120) && empty.language == .python && empty.envs.isEmpty)
    }

    @Test(arguments: [
        ("```python\nx = 1\n```", "x = 1\n", Language.python), ("\n```js\n1\n```\n", "1\n", .javascript),
        ("~~~~\n```\n~~~~", "```\n", .python), ("```\n1\n```\n2\n```\n3\n```", "```\n1\n```\n2\n```\n3\n```", .python),
        ("\u{feff}1", "1", .python), ("a\r\nb\r\n", "a\nb\n", .python), ("a\rb", "a\rb", .python),
        ("```sh\r\nls\r\n```", "ls\n", .bash), ("x = '```'", "x = '```'", .python), ("```x```", "```x```", .python),
    ])
    func `a program is what its code block holds`(code: String, program: String, language: Language) throws {
        let text = try String(decoding: JSONSerialization.data(withJSONObject: ["code": code]), as: UTF8.self)
        let request = try parse(text)
        #expect(request.code == code && request.program == program && request.language == language)
    }

    @Test(
        arguments: [
            ([0x1f, 0x8b, 8, 0], "gzip"), ([0x78, 0x9c, 1], "deflate"), ([0x28, 0xb5, 0x2f, 0xfd, 0], "zstd"),
            ([0xff, 0xfe, 0x7b, 0], "UTF-16"), ([0, 0x7b, 0, 0x7d], "UTF-16"),
        ] as [([UInt8], String)])
    func `a body that is compressed or in another encoding is named`(body: [UInt8], name: String) throws {
        let refusal = try #require(throws: ArgumentError.self) {
            try ExecuteRequest(json: body, standardTimeout: .seconds(1), maximumTimeout: .seconds(1))
        }
        #expect(refusal.sentence.contains(name))
        let failure = try #require(throws: ActionFailure.self) { try ActionRequest(json: body) }
        #expect(failure.sentence == refusal.sentence && failure.status == 400)
    }

    @Test func `bytes that are not UTF-8 are not JSON`() throws {
        let json: [UInt8] = Array(#"{"code":""#.utf8) + [0xff, 0xfe] + Array(#""}"#.utf8)
        let refusal = try #require(throws: ArgumentError.self) {
            try ExecuteRequest(json: json, standardTimeout: .seconds(1), maximumTimeout: .seconds(1))
        }
        #expect(refusal.sentence.contains("not valid JSON"))
    }

    @Test func `ten thousand nested arrays are refused, not a crash`() throws {
        let refusal = try #require(throws: ArgumentError.self) {
            try parse(#"{"code":"x","more":"# + String(repeating: "[", count: 10_000))
        }
        #expect(refusal.sentence.contains("not valid JSON"))
    }

    @Test(arguments: [
        (Language.python, #"os.environ['K'] = '"#, #"it\'s \\ \"a\"\nb"#),
        (.bash, "export K='", "it'\\''s \\ \"a\"\nb"),
    ])
    func `a variable's value is escaped for the quotes it will stand in`(language: Language, _: String, escaped: String)
    {
        #expect(language.escaped(variable: "it's \\ \"a\"\nb") == escaped)
    }
}
