package import JSON

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
    private let schema: ObjectSchema
    /// What the answer has in it.
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
