import Foundation
import Interpreter
import JSON
import LibreChat
import Testing

@testable import Responder

/// The document that operators paste into LibreChat is one that it can read, and says what the service takes.
struct OperationsTests {
    private func parsed() throws -> LibreChatParser {
        let configuration = try Configuration(environment: ["E2B_FCGI_MAX_TIMEOUT": "77"])
        return try LibreChatParser(
            OpenAPIDocument(
                server: "https://example.com/code",
                operations: [
                    .execute(at: "/execute", maximumTimeout: configuration.limits.time.maximum),
                    .actions(at: "/e2bcode"),
                ]
            ).encoded())
    }

    @Test func `LibreChat finds two tools at the service's address`() throws {
        let parser = try parsed()
        #expect(parser.server == "https://example.com/code")
        #expect(parser.functions.map(\.name) == ["e2bcode", "execute_code"])
    }

    @Test func `every parameter of every action is a property, of its type`() throws {
        let tool = try #require(try parsed().functions.first { $0.name == "e2bcode" })
        #expect(tool.required == ["action"])
        #expect(tool.properties["action"]?["enum"] as? [String] == ActionDefinition.all.map(\.name))
        for parameter in ActionDefinition.all.flatMap(\.parameters) {
            // Under one of its names is enough.
            let name = [parameter.name, parameter.alias].compactMap(\.self).first { tool.properties[$0] != nil }
            let schema = try #require(name.flatMap { tool.properties[$0] }, "\(parameter.name)")
            let expected =
                switch parameter.type {
                case .text, .form, .choice: "string"
                case .flag: "boolean"
                case .integer: "integer"
                case .number: "number"
                case .texts: "array"
                case .variables: "object"
                }
            #expect(schema["type"] as? String == expected, "\(parameter.name)")
        }
    }

    @Test func `what the document allows is not narrower than what an action takes`() throws {
        let tool = try #require(try parsed().functions.first { $0.name == "e2bcode" })
        for parameter in ActionDefinition.all.flatMap(\.parameters) {
            guard let schema = tool.properties[parameter.name] else { continue }
            switch parameter.type {
            case .choice(let words):
                #expect(Set(words).isSubset(of: schema["enum"] as? [String] ?? []), "\(parameter.name)")
            case .integer(let range):
                #expect((schema["minimum"] as? Int).map { $0 <= range.lowerBound } == true, "\(parameter.name)")
                #expect((schema["maximum"] as? Int).map { $0 >= range.upperBound } == true, "\(parameter.name)")
            case .number(let range):
                #expect((schema["minimum"] as? Double).map { $0 <= range.lowerBound } == true, "\(parameter.name)")
                #expect((schema["maximum"] as? Double).map { $0 >= range.upperBound } == true, "\(parameter.name)")
            default: break
            }
        }
    }

    @Test func `the timeout's bound is the operator's`() throws {
        let tool = try #require(try parsed().functions.first { $0.name == "execute_code" })
        #expect(tool.properties["timeout"]?["maximum"] as? Int == 77)
        #expect(tool.required == ["code"])
    }

    /// The parser's own test: what it is there to find.
    @Test(arguments: [
        ("servers", "[]"), ("servers", #"[{"url":""}]"#), ("servers", #"[{"url":"/code"}]"#), ("paths", "{}"),
        ("operationId", #""has space""#), ("operationId", "\"\(String(repeating: "x", count: 47))\""),
        ("description", #""""#), ("required", #"["nothing"]"#), ("type", #""null""#), ("enum", "[]"),
        ("items", ##"{"$ref":"#/components/schemas/x"}"##), ("items", "{}"), ("schema", #"{"type":"string"}"#),
    ])
    func `the rules can be broken`(name: String, value: String) throws {
        let document = #"""
            {"openapi":"3.1.0","servers":[{"url":"https://example.com"}],"paths":{"/x":{"post":{"operationId":"x",
            "description":"d","requestBody":{"content":{"application/json":{"schema":{"type":"object","required":["a"],
            "properties":{"a":{"type":"string","description":"d","enum":["x"]},"b":{"type":"array","description":"d",
            "items":{"type":"string"}}}}}}}}}}}
            """#
        _ = try LibreChatParser(Array(document.utf8))
        let pattern = try Regex("\"\(name)\":(\\[[^\\]]*\\]|\\{[^}]*\\}|\"[^\"]*\")")
        let broken =
            ["schema", "paths"].contains(name)
            ? document.replacing("\"\(name)\":", with: "\"\(name)\":\(value),\"other\":")
            : document.replacing(pattern) { _ in "\"\(name)\":\(value)" }
        #expect(broken != document)
        #expect(throws: LibreChatParser.Complaint.self) { try LibreChatParser(Array(broken.utf8)) }
    }
}
