import Interpreter
import Foundation
import JSON
import Testing

@testable import LibreChat

/// How a body of `POST /e2bcode` that is refused is answered.
struct RefusedAction {
    let status: Int
    let sessionID: String
    let error: String

    /// Fails the test where the body is taken, or where the answer has not the shape of a failure.
    init(_ json: [UInt8], sourceLocation: SourceLocation = #_sourceLocation) throws {
        let failure = try #require(throws: ActionFailure.self, sourceLocation: sourceLocation) {
            try ActionRequest(json: json)
        }
        let object = try #require(
            JSONSerialization.jsonObject(with: Data(failure.reply.encoded(without: .none))) as? [String: Any],
            sourceLocation: sourceLocation)
        #expect(object["success"] as? Bool == false, sourceLocation: sourceLocation)
        #expect((object["helpHint"] as? String)?.contains("'help'") == true, sourceLocation: sourceLocation)
        status = failure.status
        sessionID = try #require(object["sessionId"] as? String, sourceLocation: sourceLocation)
        error = try #require(object["error"] as? String, sourceLocation: sourceLocation)
    }

    init(_ json: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
        try self.init(Array(json.utf8), sourceLocation: sourceLocation)
    }
}

extension ActionDefinition: CustomTestStringConvertible {
    package var testDescription: String { name }

    /// What the table cannot say: one of them is required.
    private var alternatives: Set<String> {
        switch name {
        case "kill": ["sessionId", "sandboxId"]
        case "install": ["code", "packages"]
        default: []
        }
    }

    /// The request's JSON with every required parameter, but with `changes` in their place and `missing` left out.
    func json(_ changes: [String: String] = [:], without missing: String? = nil) -> String {
        var members = ["action": #""\#(name)""#]
        for parameter in parameters where parameter.isRequired || alternatives.contains(parameter.name) {
            members[parameter.name] = parameter.type.sample
        }
        if let missing { members[missing] = nil }
        for (name, value) in changes { members[name] = value }
        return "{" + members.sorted { $0.key < $1.key }.map { #""\#($0.key)":\#($0.value)"# }.joined(separator: ",")
            + "}"
    }
}

extension ArgumentType {
    /// JSON that it takes.
    var sample: String {
        switch self {
        case .text: #""some text""#
        case .form(_, let example): #""\#(example)""#
        case .choice(let words): #""\#(words[0])""#
        case .flag: "true"
        case .integer(let range): "\(range.lowerBound)"
        case .number(let range): "\(range.upperBound)"
        case .texts: #"["one","two"]"#
        case .variables: #"{"NAME":"value"}"#
        }
    }

    /// JSON of each type that it does not take.
    var misfits: [String] {
        let all = [
            #""text""#, "5", "1.5", "true", "[]", "[1]", #"["x"]"#, #"[["x"]]"#, "[null]", "{}", #"{"A":1}"#,
            #"{"A":"1"}"#, #"{"A":null}"#, #"{"A":{"B":"1"}}"#,
        ]
        let taken: Set<String> =
            switch self {
            // Ids may be numbers.
            case .text: [#""text""#, "5"]
            case .form: [#""text""#, "5"]
            case .choice: []
            case .flag: ["true"]
            case .integer: ["5"]
            case .number: ["5", "1.5"]
            case .texts: ["[]", #"["x"]"#, #""text""#]
            case .variables: ["{}", #"{"A":"1"}"#, #"{"A":1}"#, #"{"A":null}"#]
            }
        return all.filter { !taken.contains($0) }
    }

    /// JSON of the right type that it does not take.
    var outliers: [String] {
        switch self {
        case .text, .flag, .texts: []
        case .form: [#""\u0000""#]
        case .choice(let words): [#""nonsense""#, #""\#(words[0])\u0000""#]
        case .integer(let range):
            [
                "\(range.lowerBound - 1)", "\(range.upperBound + 1)", "-9223372036854775808", "9223372036854775807",
                "18446744073709551616", "1e300", "1e999",
            ]
        case .number: ["0", "-1", "-0.0", "1e-300", "1e300", "1e999", "-1e999"]
        case .variables:
            [#"{"":"x"}"#, #"{"A B":"x"}"#, #"{"1A":"x"}"#, #"{"A=B":"x"}"#, #"{"Ä":"x"}"#, #"{"A\u0000":"x"}"#]
        }
    }
}
