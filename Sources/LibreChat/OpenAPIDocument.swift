internal import JSON
internal import Redaction

/// The document that an operator pastes into LibreChat's Actions (OpenAPI 3.1).
///
/// LibreChat reads `servers[0].url`, and for each operation its id, description and an inline schema of one flat object; it
/// resolves no references below the top level.
package struct OpenAPIDocument: Sendable {
    /// Where LibreChat finds the service: scheme, host and base path, without a slash at the end.
    private let server: String
    private let operations: [OpenAPIOperation]

    package init(server: String, operations: [OpenAPIOperation]) {
        self.server = server
        self.operations = operations
    }

    /// JSON, in UTF-8.
    package func encoded() -> [UInt8] {
        let document: JSONNode = [
            "openapi": "3.1.0", "info": ["title": "Code interpreter", "version": "1"],
            "servers": [["url": .text(server)]],
            "paths": .object(operations.map { JSONNode.Member($0.path, ["post": $0.description]) }),
        ]
        return JSONWriter.value(capacity: 1 << 14) { $0.node(document) }
    }
}

/// A POST with a flat JSON object for its body: one of the model's tools.
package struct OpenAPIOperation: Sendable {
    let path: String
    /// At most 46 characters: LibreChat appends its own, and model providers take 64.
    private let id: String
    /// For the model.
    private let purpose: String
    private let properties: [OpenAPIProperty]
    /// What the answer has in it.
    private let answer: String

    package init(path: String, id: String, purpose: String, properties: [OpenAPIProperty], answer: String) {
        self.path = path
        self.id = id
        self.purpose = purpose
        self.properties = properties
        self.answer = answer
    }

    fileprivate var description: JSONNode {
        let schema: JSONNode = [
            "type": "object",
            "properties": .object(properties.map { JSONNode.Member($0.name, .object($0.schema)) }),
            "required": .list(properties.filter(\.isRequired).map { .text($0.name) }),
        ]
        return [
            "operationId": .text(id), "description": .text(purpose),
            "requestBody": ["required": true, "content": ["application/json": ["schema": schema]]],
            "responses": ["200": ["description": .text(answer)]],
        ]
    }
}

/// A member of an operation's body.
package struct OpenAPIProperty: Sendable {
    /// A JSON schema's type and bounds.
    package enum Kind: Sendable {
        case string
        case choice([String])
        case boolean
        case integer(ClosedRange<Int>)
        case number(ClosedRange<Int>)
        case strings
        case object
    }

    let name: String
    let isRequired: Bool
    private let kind: Kind
    private let meaning: String

    package init(_ name: String, _ kind: Kind, _ meaning: String, isRequired: Bool = false) {
        self.name = name
        self.kind = kind
        self.meaning = meaning
        self.isRequired = isRequired
    }

    fileprivate var schema: [JSONNode.Member] {
        let type: [(String, JSONNode)] =
            switch kind {
            case .string: [("type", "string")]
            case .choice(let words): [("type", "string"), ("enum", .list(words.map { .text($0) }))]
            case .boolean: [("type", "boolean")]
            case .integer(let range): [("type", "integer")] + Self.bounds(range)
            case .number(let range): [("type", "number")] + Self.bounds(range)
            case .strings: [("type", "array"), ("items", ["type": "string"])]
            case .object: [("type", "object")]
            }
        return (type + [("description", .text(meaning))]).map { JSONNode.Member($0, $1) }
    }

    private static func bounds(_ range: ClosedRange<Int>) -> [(String, JSONNode)] {
        [("minimum", .number(range.lowerBound)), ("maximum", .number(range.upperBound))]
    }
}
