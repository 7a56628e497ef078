import Foundation
import JSON
import LibreChat
import Testing

struct OpenAPIDocumentTests {
    private func text(_ properties: [ParameterDescription]) -> String {
        let operation = OpenAPIOperation(
            path: "/run", id: "run", purpose: "Run \"it\".", schema: ObjectSchema(properties),
            answer: "What came of it.")
        return String(
            decoding: OpenAPIDocument(server: "https://example.com/x", operations: [operation]).encoded(),
            as: UTF8.self)
    }

    @Test func `a document is written as OpenAPI has it`() {
        #expect(
            text([ParameterDescription("code", .text, "The program.", isRequired: true)])
                == #"{"openapi":"3.1.0","info":{"title":"Code interpreter","version":"1"},"#
                + #""servers":[{"url":"https://example.com/x"}],"paths":{"/run":{"post":{"operationId":"run","#
                + #""description":"Run \"it\".","requestBody":{"required":true,"content":{"application/json":{"schema":"#
                + #"{"type":"object","properties":{"code":{"type":"string","description":"The program."}},"#
                + #""required":["code"]}}}},"responses":{"200":{"description":"What came of it."}}}}}}"#)
    }

    @Test(
        arguments: [
            (.text, #""type":"string""#), (.choice(["a", "b"]), #""type":"string","enum":["a","b"]"#),
            (.flag, #""type":"boolean""#), (.integer(1...65_535), #""type":"integer","minimum":1,"maximum":65535"#),
            (.number(0...5), #""type":"number","minimum":0,"maximum":5"#),
            (.texts, #""type":"array","items":{"type":"string"}"#), (.variables, #""type":"object""#),
        ] as [(ArgumentType, String)])
    func `a property has its type and its bounds`(kind: ArgumentType, schema: String) {
        #expect(text([ParameterDescription("x", kind, "m")]).contains(#""x":{\#(schema),"description":"m"}"#))
    }

    @Test func `properties keep their order, and only what is required is said to be`() {
        let json = text([
            ParameterDescription("b", .text, "m"), ParameterDescription("a", .text, "m", isRequired: true),
            ParameterDescription("c", .text, "m", isRequired: true),
        ])
        #expect(json.contains(#""properties":{"b":{"type":"string","description":"m"},"a":{"#))
        #expect(json.contains(#""required":["a","c"]"#))
        #expect(text([ParameterDescription("b", .text, "m")]).contains(#""required":[]"#))
    }

    @Test func `operations have each their path, in order`() throws {
        let operations = ["/z", "/a"].map {
            OpenAPIOperation(path: $0, id: "run", purpose: "p", schema: ObjectSchema([]), answer: "a")
        }
        let json = OpenAPIDocument(server: "https://example.com", operations: operations).encoded()
        let object = try #require(JSONSerialization.jsonObject(with: Data(json)) as? [String: Any])
        #expect((object["paths"] as? [String: Any])?.keys.sorted() == ["/a", "/z"])
        let text = String(decoding: json, as: UTF8.self)
        #expect(try #require(text.range(of: "/z")).lowerBound < #require(text.range(of: "/a\"")).lowerBound)
    }
}
