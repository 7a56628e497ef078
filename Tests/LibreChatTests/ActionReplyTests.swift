import Interpreter
import Foundation
import JSON
import LibreChat
import Testing

struct ActionReplyTests {
    private func encoded(_ value: JSONNode, _ secrets: [String: String] = [:]) -> String {
        let redactor = SecretRedactor(secrets)
        let json = JSONWriter.value { json in json.node(value) { redactor.redacted($0) } }
        return String(decoding: json, as: UTF8.self)
    }

    /// As another reader of JSON has it.
    private func reread(_ value: JSONNode) throws -> NSObject {
        try #require(
            JSONSerialization.jsonObject(with: Data(encoded(value).utf8), options: .fragmentsAllowed) as? NSObject)
    }

    // MARK: - Values

    @Test(
        arguments: [
            (.null, "null"), (true, "true"), (false, "false"), (0, "0"), (-7, "-7"),
            (.number(.max), "9223372036854775807"), (.number(.min), "-9223372036854775808"), (.fraction(0.1), "0.1"),
            (.fraction(43_199.5), "43199.5"), (.fraction(.infinity), "null"), (.fraction(.nan), "null"), ("", #""""#),
            ([], "[]"), ([1, [2], "x"], #"[1,[2],"x"]"#), ([:], "{}"), (["a": ["b": .null]], #"{"a":{"b":null}}"#),
            (JSONNode(nil), "null"), (JSONNode("x"), #""x""#), ("\(1 + 1) things", #""2 things""#),
        ] as [(JSONNode, String)])
    func `a value is written as JSON has it`(value: JSONNode, json: String) {
        #expect(encoded(value) == json)
    }

    @Test func `members keep their order, and none is lost for its name`() {
        let members = ["zeta", "alpha", "10", "9", "alpha"].map { JSONNode.Member($0, .text($0)) }
        #expect(
            encoded(.object(members)) == #"{"zeta":"zeta","alpha":"alpha","10":"10","9":"9","alpha":"alpha"}"#)
    }

    @Test func `every scalar that there is comes back`() throws {
        // All of the basic plane's that can stand in a text, and some beyond.
        let scalars = (0..<0xd800).map { $0 } + (0xe000..<0x1_0000).map { $0 } + [0x1f98a, 0x10_ffff]
        let text = String(String.UnicodeScalarView(scalars.compactMap { Unicode.Scalar(UInt32($0)) }))
        let back = try #require(reread(.text(text)) as? String)
        #expect(back.unicodeScalars.elementsEqual(text.unicodeScalars))
        let object = try #require(reread(.object([.init(text, .text(text))])) as? [String: String])
        #expect(object.first?.key.unicodeScalars.elementsEqual(text.unicodeScalars) == true)
    }

    @Test func `fractions come back as they were`() throws {
        for number in [0.1, 0.5, 1.0 / 3, 1e-7, 1e22, -2.5, .greatestFiniteMagnitude, .leastNonzeroMagnitude] {
            #expect(try reread(.fraction(number)) as? Double == number)
        }
    }

    @Test func `two hundred values in each other are written`() throws {
        let deep = (0..<200).reduce(JSONNode.null) { value, _ in ["in": [value]] }
        _ = try reread(deep)
    }

    // MARK: - Masks

    @Test func `a hidden value is masked in every text and every name`() {
        let secret = "s3cret-value"
        let value: JSONNode = [
            "plain": .text(secret), "inside": .text("<\(secret)\(secret)>"), secret: "name", "list": [.text(secret)],
            "deep": ["deeper": [["\(secret)": .text("x\(secret)")]]],
        ]
        #expect(
            encoded(value, ["TOKEN": secret])
                == #"{"plain":"[hidden:TOKEN]","inside":"<[hidden:TOKEN][hidden:TOKEN]>","[hidden:TOKEN]":"name","#
                + #""list":["[hidden:TOKEN]"],"deep":{"deeper":[{"[hidden:TOKEN]":"x[hidden:TOKEN]"}]}}"#)
    }

    @Test(arguments: [
        "with \"quote\"", #"back\slash"#, "line\nbreak", "tab\there", "üñïcödé", "🦊🦊🦊", "\u{1}\u{2}\u{3}xyz",
    ])
    func `a value that JSON escapes is masked as well`(secret: String) {
        #expect(encoded(.text("a\(secret)b"), ["TOKEN": secret]) == #""a[hidden:TOKEN]b""#)
    }

    @Test func `a mask cannot break the JSON`() throws {
        let json = encoded(["x": "abcdef", "abcdef": .null], [#"A"]}"#: "abcdef"])
        let object = try #require(JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])
        #expect(object["x"] as? String == #"[hidden:A"]}]"#)
    }

    @Test func `numbers and flags are not texts`() {
        #expect(encoded([123_456, true, .null], ["TOKEN": "123456"]) == "[123456,true,null]")
    }

    // MARK: - Replies

    @Test func `a reply begins with its frame, and its members follow in order`() {
        let reply = ActionReply(sessionID: "s1", [("output", "4\n"), ("error", .null), ("bytes", 4)])
        #expect(
            String(decoding: reply.encoded(without: SecretRedactor.none), as: UTF8.self)
                == #"{"sessionId":"s1","success":true,"output":"4\n","error":null,"bytes":4}"#)
    }

    @Test func `a failure says what went wrong and where help is`() {
        let reply = ActionReply.failure(sessionID: "", "No.", [("log", "end")])
        #expect(
            String(decoding: reply.encoded(without: SecretRedactor.none), as: UTF8.self)
                == #"{"sessionId":"","success":false,"error":"No.","log":"end","helpHint":"You can use the 'help' action "#
                + #"to learn how to properly use a specific action."}"#)
    }

    @Test func `a reply's sessionId and members are masked`() {
        let reply = ActionReply.failure(sessionID: "my-token", "not my-token", [("my-token", "my-token")])
        let json = String(decoding: reply.encoded(without: SecretRedactor(["T": "my-token"])), as: UTF8.self)
        #expect(!json.contains("my-token"))
        #expect(json.components(separatedBy: "[hidden:T]").count == 5)
    }
}
