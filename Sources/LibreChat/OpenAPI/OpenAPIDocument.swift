package import JSON

/// The OpenAPI 3.1 document that an operator pastes into LibreChat's Actions.
///
/// LibreChat reads `servers[0].url`, and of each operation its id, its description and its inline schema, which must be
/// an object without nested objects. It resolves no references below the top level.
package struct OpenAPIDocument: Sendable {
    /// The URL under which LibreChat reaches the service: scheme, host and base path, without a slash at the end.
    private let server: String
    private let operations: [OpenAPIOperation]

    package init(server: String, operations: [OpenAPIOperation]) {
        self.server = server
        self.operations = operations
    }

    /// The document as JSON in UTF-8.
    package func encoded() -> [UInt8] {
        let document: JSONNode = [
            "openapi": "3.1.0", "info": ["title": "Code interpreter", "version": "1"],
            "servers": [["url": .text(server)]],
            "paths": .object(operations.map { JSONNode.Member($0.path, ["post": $0.description]) }),
        ]
        return JSONWriter.value(capacity: 1 << 14) { $0.node(document) }
    }
}

/// A POST operation whose body is a flat JSON object. LibreChat offers it to the model as a tool.
package struct OpenAPIOperation: Sendable {
    let path: String
    /// The operation's id, of at most 46 characters: LibreChat appends a suffix, and model providers allow 64.
    private let id: String
    /// The description for the model.
    private let purpose: String
    private let schema: ObjectSchema
    /// The description of the response.
    private let answer: String

    package init(path: String, id: String, purpose: String, schema: ObjectSchema, answer: String) {
        self.path = path
        self.id = id
        self.purpose = purpose
        self.schema = schema
        self.answer = answer
    }

    fileprivate var description: JSONNode {
        [
            "operationId": .text(id), "description": .text(purpose),
            "requestBody": ["required": true, "content": ["application/json": ["schema": schema.node]]],
            "responses": ["200": ["description": .text(answer)]],
        ]
    }
}
