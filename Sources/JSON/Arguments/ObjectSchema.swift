/// The JSON Schema of an object of parameters without nested objects: what a tool takes.
package struct ObjectSchema: Equatable, Sendable {
    package let properties: [ParameterDescription]

    package init(_ properties: [ParameterDescription]) { self.properties = properties }

    package var node: JSONNode {
        [
            "type": "object",
            "properties": .object(
                properties.map { property in
                    JSONNode.Member(
                        property.name, .object(property.type.schema + [.init("description", .text(property.meaning))]))
                }),
            "required": .list(properties.filter(\.isRequired).map { .text($0.name) }),
        ]
    }
}
