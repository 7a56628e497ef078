import Foundation
import Interpreter
import JSON
import Testing

@testable import LibreChat

/// The body of `POST /e2bcode`, over the whole table of actions.
struct ActionRequestTests {
    /// One parameter of one action, with a value that it does not take.
    struct Misuse: CustomTestStringConvertible, Sendable {
        let action: ActionDefinition
        /// As it is written in the request: its name, or its other one.
        let name: String
        let value: String
        var testDescription: String { "\(action.name) \(name)=\(value)" }

        /// - Parameter values: of each parameter of each action, under each of its names.
        static func all(_ values: (ParameterDescription) -> [String]) -> [Misuse] {
            ActionDefinition.all.flatMap { action in
                action.parameters.flatMap { parameter in
                    [parameter.name, parameter.alias].compactMap(\.self).flatMap { name in
                        values(parameter).map { Misuse(action: action, name: name, value: $0) }
                    }
                }
            }
        }

        /// The request, without the parameter's other name.
        var json: String {
            let parameter = action.parameters.first { $0.name == name || $0.alias == name }
            return action.json([name: value], without: parameter?.name)
        }
    }

    private func isEqual(_ one: any Action, _ other: any Action) -> Bool {
        func isEqual<A: Action>(_ one: A) -> Bool { other as? A == one }
        return isEqual(one)
    }

    @Test(arguments: ActionDefinition.all) func `what an action requires is enough`(action: ActionDefinition) throws {
        let request = try ActionRequest(json: Array(action.json().utf8))
        #expect(request.definition.name == action.name)
    }

    @Test(arguments: [
        ("listSandboxes", "list_sandboxes"), ("List-Sandboxes", "list_sandboxes"),
        (" list sandboxes\n", "list_sandboxes"),
        ("LIST_SANDBOXES", "list_sandboxes"), ("Kill", "kill"), ("getHost", "get_host"), ("killcommand", nil),
        ("kill;", nil),
        ("", nil), ("_", nil), (String(repeating: "kill ", count: 100), nil),
    ])
    func `an action's name is read in other spellings`(spelling: String, name: String?) {
        #expect(ActionDefinition.named(spelling)?.name == name)
    }

    @Test(
        arguments: ActionDefinition.all.flatMap { action in
            action.parameters.filter(\.isRequired).map { (action, $0.name) }
        })
    func `a required parameter that is missing or null is named`(action: ActionDefinition, parameter: String) throws {
        for json in [action.json(without: parameter), action.json([parameter: "null"])] {
            let refused = try RefusedAction(json)
            #expect(refused.status == 200)
            let title = parameter == "code" ? "Code" : "`\(parameter)`"
            #expect(refused.error == "\(title) is required for `\(action.name)` action.")
        }
    }

    @Test(
        arguments: ActionDefinition.all.flatMap { action in
            action.parameters.filter { !$0.isRequired }.map { (action, $0.name) }
        })
    func `an optional parameter that is null is absent`(action: ActionDefinition, parameter: String) throws {
        let without = try ActionRequest(json: Array(action.json(without: parameter).utf8))
        let request = try ActionRequest(json: Array(action.json([parameter: "null"]).utf8))
        #expect(isEqual(request.action, without.action))
    }

    @Test(arguments: Misuse.all(\.type.misfits)) func `a value of a wrong type is named`(misuse: Misuse) throws {
        let refused = try RefusedAction(misuse.json)
        #expect(refused.status == 200)
        #expect(refused.error.hasPrefix("`\(misuse.name)` must be "), "\(refused.error)")
    }

    @Test(arguments: Misuse.all(\.type.outliers)) func `a value out of its range is named`(misuse: Misuse) throws {
        let refused = try RefusedAction(misuse.json)
        #expect(refused.status == 200)
        #expect(refused.error.hasPrefix("`\(misuse.name)` must be "), "\(refused.error)")
    }

    @Test(arguments: Misuse.all { [$0.type.sample] }) func `a value that fits is taken`(misuse: Misuse) throws {
        let request = try ActionRequest(json: Array(misuse.json.utf8))
        #expect(request.definition.name == misuse.action.name)
    }

    @Test func `every language that an action takes is one`() {
        guard case .choice(let names) = Language.type else { return #expect(Bool(false)) }
        for name in names { #expect(Language(name: name) != nil, "\(name)") }
        for language in Language.allCases {
            #expect(names.contains { Language(name: $0) == language }, "\(language)")
        }
    }

    @Test func `a parameter's own name wins over its other one`() throws {
        let json = #"{"action":"shell","sessionId":"s","cmd":"other","command":"own"}"#
        #expect(
            try ActionRequest(json: Array(json.utf8)).action as? RunCommand == RunCommand(session: "s", command: "own"))
        let run = #"{"action":"command_run","sessionId":"s","cmd":"own","command":"other"}"#
        #expect(
            try ActionRequest(json: Array(run.utf8)).action as? RunCommand == RunCommand(session: "s", command: "own"))
    }

    @Test(arguments: ActionDefinition.all) func `what an action does not know is ignored`(action: ActionDefinition)
        throws
    {
        let known = Set(action.parameters.flatMap { [$0.name, $0.alias] }.compactMap(\.self))
        let names = Set(ActionDefinition.all.flatMap { $0.parameters }.map(\.name)).subtracting(known)
        var changes = ["more": #"[{"deep":[null,1e5,"\u0000"]}]"#, "": "1", "__proto__": "{}"]
        // Of no type that any parameter has.
        for name in names { changes[name] = #"[{"x":1}]"# }
        let without = try ActionRequest(json: Array(action.json().utf8))
        #expect(isEqual(try ActionRequest(json: Array(action.json(changes).utf8)).action, without.action))
    }

    @Test(arguments: [#""nonsense""#, #""""#, #""creat e""#, #""creates""#, #""create\u0000""#])
    func `an unknown action lists all of them`(name: String) throws {
        let refused = try RefusedAction(#"{"action":\#(name),"sessionId":"s1"}"#)
        #expect(refused.status == 200)
        #expect(refused.sessionID == "s1")
        for action in ActionDefinition.all { #expect(refused.error.contains(action.name)) }
    }

    @Test func `a long action's name is not sent back whole`() throws {
        let refused = try RefusedAction(#"{"action":"\#(String(repeating: "x", count: 100_000))"}"#)
        #expect(refused.error.count < 1000)
    }

    @Test(arguments: ["{}", #"{"action":null}"#, #"{"Action":"help"}"#])
    func `without an action all of them are listed`(json: String) throws {
        let refused = try RefusedAction(json)
        #expect(refused.status == 200)
        #expect(refused.error.hasPrefix("`action` is required"))
        for action in ActionDefinition.all { #expect(refused.error.contains(action.name)) }
    }

    @Test(arguments: ["5", "true", "[]", "{}", #"["help"]"#])
    func `an action that is no text is named`(value: String) throws {
        #expect(try RefusedAction(#"{"action":\#(value)}"#).error == "`action` must be a string.")
    }

    @Test(arguments: [
        "", " ", "{", "}", "nonsense", "null", "true", "5", "1e999", #""text""#, "[]", #"["action","help"]"#,
        #"[{"action":"help"}]"#, #"{"action":"help"} trailing"#, #"{"action":"help"}{}"#, #"{"action":"help""#,
        #"{"action":"help}"#, #"{'action':'help'}"#, #"{action:"help"}"#,
        #"{"action":"help","x":NaN}"#, "{\"action\":\"help\"}\u{0}",
        #"{"action":"help","x":"# + String(repeating: "[", count: 100_000),
        #"{"action":"help","x":"# + String(repeating: "[", count: 10_000) + String(repeating: "]", count: 10_000) + "}",
        String(repeating: #"{"action":"#, count: 50_000),
    ])
    func `a body that is not a JSON object is a 400 that says what it must be`(json: String) throws {
        let refused = try RefusedAction(json)
        #expect(refused.status == 400)
        #expect(refused.error == "The body must be a JSON object with `action` and its parameters.")
        #expect(refused.sessionID.isEmpty)
    }

    @Test(arguments: [
        Array(#"{"action":"#.utf8) + [0xff] + Array(#""}"#.utf8), [0xff, 0xfe], [0x80],
        Array(#"{"action":"help","command_name":""#.utf8) + [0xc3] + Array(#""}"#.utf8),
        Array(#"{"action":"help","command_name":""#.utf8) + [0xed, 0xa0, 0x80] + Array(#""}"#.utf8),
        Array(#"{"action":"execute","sessionId":"s","code":""#.utf8) + [0xf0, 0x9f, 0x98] + Array(#""}"#.utf8),
    ])
    func `bytes that are not UTF-8 are refused`(json: [UInt8]) throws {
        _ = try RefusedAction(json)
    }

    @Test(arguments: [[0xff, 0x22], [0xc3, 0x22], Array(#"","y":01"#.utf8)] as [[UInt8]])
    func `what is wrong in an unknown parameter is wrong with the body`(bytes: [UInt8]) throws {
        let json = Array(#"{"action":"help","command_name":"kill","x":""#.utf8) + bytes + Array("}".utf8)
        #expect(try RefusedAction(json).status == 400)
    }

    @Test func `nesting in a parameter is named, not a crash`() throws {
        let deep = String(repeating: "[", count: 200) + String(repeating: "]", count: 200)
        #expect(try RefusedAction(#"{"action":"kill","sessionId":\#(deep)}"#).error == "`sessionId` must be a string.")
    }

    @Test func `of two members of one name one counts, always the same`() throws {
        let json = #"{"action":"execute","sessionId":"s","code":"one","code":"two"}"#
        let codes = try (0..<20).map { _ in (try ActionRequest(json: Array(json.utf8)).action as? RunCode)?.code }
        #expect(Set(codes).count == 1)
        #expect(["one", "two"].contains(codes[0]))
    }

    @Test(arguments: ["\\ud83e\\udd8a", "tab\\t", "ünïcode", "\\\"", "line\\nbreak\\u2028"])
    func `texts come as they were sent`(text: String) throws {
        let request = try ActionRequest(
            json: Array(#"{"action":"execute","sessionId":"s","code":"\#(text)"}"#.utf8))
        let expected = try #require(
            JSONSerialization.jsonObject(with: Data("[\"\(text)\"]".utf8)) as? [String])
        #expect((request.action as? RunCode)?.code == expected[0])
    }

    // MARK: - sessionId

    @Test(arguments: [
        "a", String(repeating: "a", count: 128), " ", "Über 9000", "../../etc/passwd", "<script>", "'; drop table",
        String(repeating: "🦊", count: 128), String(repeating: "👨‍👩‍👧‍👦", count: 40), "e\u{301}", "\u{200f}rtl",
    ])
    func `a sessionId is any printable text of 1 to 128 characters`(id: String) throws {
        let body = try JSONSerialization.data(withJSONObject: ["action": "command_list", "sessionId": id])
        #expect(try ActionRequest(json: Array(body)).sessionID == id)
    }

    @Test(arguments: [
        "", String(repeating: "a", count: 129), String(repeating: "a", count: 1 << 20),
        String(repeating: "👨‍👩‍👧‍👦", count: 128), "a" + String(repeating: "\u{301}", count: 2000), "\0", "a\nb", "\r\n", "\t",
        "\u{1b}[31m", "\u{7f}", "\u{85}", "\u{2028}", "\u{2029}",
    ])
    func `another sessionId is named and not sent back`(id: String) throws {
        for action in ["command_list", "kill", "nonsense"] {
            let body = try JSONSerialization.data(withJSONObject: ["action": action, "sessionId": id])
            let refused = try RefusedAction(Array(body))
            #expect(refused.status == 200)
            #expect(refused.sessionID.isEmpty)
            if action == "kill", id.isEmpty {
                #expect(refused.error.contains("`sandboxId`"), "\(refused.error)")
            } else if action != "nonsense" {
                #expect(refused.error == "`sessionId` must be 1 to 128 printable characters.")
            }
        }
    }

    @Test func `half a surrogate pair is no text`() throws {
        #expect(
            try RefusedAction(#"{"action":"write_file","sessionId":"s","filePath":"a","fileContent":"\ud800"}"#).error
                .contains("`fileContent` has half of a character"))
    }

    @Test(arguments: ["60", "60.0", "6e1"]) func `a whole number may be written as any`(number: String) throws {
        let json = #"{"action":"get_host","sessionId":"s","port":\#(number)}"#
        #expect((try ActionRequest(json: Array(json.utf8)).action as? FindAddress)?.port == 60)
    }

    @Test func `half a surrogate pair is no sessionId`() throws {
        #expect(
            try RefusedAction(#"{"action":"kill","sessionId":"\ud800"}"#).error
                .contains("`sessionId` has half of a character")
        )
    }

    @Test(arguments: [
        (
            #"{"action":"get_host","sessionId":999,"port":"8080"}"#,
            #"{"action":"get_host","sessionId":"999","port":8080}"#
        ),
        (
            #"{"action":"shell","sessionId":"s","cmd":"ls\r\nls","background":"True"}"#,
            #"{"action":"shell","sessionId":"s","cmd":"ls\nls","background":true}"#
        ),
        (
            #"{"action":"kill_command","sessionId":"s","commandId":999}"#,
            #"{"action":"kill_command","sessionId":"s","commandId":"999"}"#
        ),
        (
            #"{"action":"install","sessionId":"s","packages":"numpy>=1.2,<2 pandas"}"#,
            #"{"action":"install","sessionId":"s","packages":["numpy>=1.2,<2","pandas"]}"#
        ),
        (
            #"{"action":"install","sessionId":"s","code":"pip install numpy","language":"py"}"#,
            #"{"action":"install","sessionId":"s","code":"numpy"}"#
        ),
        (
            #"{"action":"install","sessionId":"s","code":"!sudo python3 -m pip install -q numpy pandas"}"#,
            #"{"action":"install","sessionId":"s","packages":["numpy","pandas"]}"#
        ),
        (
            #"{"action":"system_install","sessionId":"s","packages":"apt-get install -y ffmpeg"}"#,
            #"{"action":"system_install","sessionId":"s","packages":["ffmpeg"]}"#
        ),
        (
            #"{"action":"execute","sessionId":"s","code":"1","language":"js","timeoutMs":"5000"}"#,
            #"{"action":"execute","sessionId":"s","code":"1","language":"javascript","timeoutMs":5000}"#
        ),
        (
            #"{"action":"execute","sessionId":"s","code":"```sh\nls\n```","envs":{"A":1}}"#,
            #"{"action":"execute","sessionId":"s","code":"ls\n","language":"bash","envs":{"A":"1"}}"#
        ),
        (
            #"{"action":"write_file","sessionId":"s","filePath":"a","fileContent":"x","encoding":"utf8"}"#,
            #"{"action":"write_file","sessionId":"s","filePath":"a","fileContent":"x","encoding":"utf-8"}"#
        ),
        (
            #"{"action":"command_run","sessionId":"s","cmd":"ls","cwd":"","user":"","timeoutMs":""}"#,
            #"{"action":"command_run","sessionId":"s","cmd":"ls"}"#
        ),
        ("\u{feff}" + #"{"action":"kill","sessionId":"s"}"#, #"{"action":"kill","sessionId":"s"}"#),
    ])
    func `what can only mean one thing is taken for it`(json: String, plain: String) throws {
        let request = try ActionRequest(json: Array(json.utf8))
        #expect(isEqual(request.action, try ActionRequest(json: Array(plain.utf8)).action), "\(request.action)")
    }

    @Test func `a NUL in code is named`() throws {
        let refused = try RefusedAction(#"{"action":"execute","sessionId":"s","code":"1\u0000"}"#)
        #expect(refused.status == 200 && refused.error.contains("`code` has a NUL"))
    }

    @Test func `a compressed body is named`() throws {
        #expect(try RefusedAction([0x1f, 0x8b, 8, 0]).error.contains("gzip"))
    }

    @Test func `a failure carries the sessionId it was about`() throws {
        #expect(try RefusedAction(#"{"action":"execute","sessionId":"mine"}"#).sessionID == "mine")
        #expect(try RefusedAction(#"{"action":"execute","sessionId":"mine","code":5}"#).sessionID == "mine")
        #expect(try RefusedAction(#"{"sessionId":"mine"}"#).sessionID == "mine")
    }
}
