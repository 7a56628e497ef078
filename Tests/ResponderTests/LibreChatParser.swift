import Foundation
import Testing

/// What LibreChat makes of an OpenAPI document: the rules by which it reads one, as far as they can be broken.
struct LibreChatParser {
    struct Complaint: Error, CustomStringConvertible { let description: String }

    /// A tool of the model.
    struct Function {
        let name: String
        let description: String
        let properties: [String: [String: Any]]
        let required: [String]
    }

    let server: String
    let functions: [Function]

    init(_ document: [UInt8]) throws {
        guard let root = try JSONSerialization.jsonObject(with: Data(document)) as? [String: Any] else {
            throw Complaint(description: "not an object")
        }
        guard let servers = root["servers"] as? [[String: Any]], let url = servers.first?["url"] as? String,
            !url.isEmpty
        else { throw Complaint(description: "no servers[0].url") }
        guard let parsed = URL(string: url), ["http", "https"].contains(parsed.scheme), parsed.host() != nil,
            !url.contains("{")
        else { throw Complaint(description: "servers[0].url is \(url)") }
        server = url
        guard let paths = root["paths"] as? [String: [String: Any]], !paths.isEmpty else {
            throw Complaint(description: "no paths")
        }
        try Self.refuseReferences(root, at: "document")
        functions = try paths.sorted { $0.key < $1.key }.flatMap { path, item in
            // Every key of a path item is taken for a method.
            try item.sorted { $0.key < $1.key }.map { method, operation in
                guard ["get", "post", "put", "patch", "delete"].contains(method), path.hasPrefix("/"),
                    let operation = operation as? [String: Any]
                else { throw Complaint(description: "\(path) has \(method)") }
                return try Self.function(operation)
            }
        }
        guard Set(functions.map(\.name)).count == functions.count else {
            throw Complaint(description: "an operationId is there twice")
        }
    }

    private static func function(_ operation: [String: Any]) throws -> Function {
        // Taken verbatim; with what is appended a provider takes 64 characters.
        guard let name = operation["operationId"] as? String, name.count <= 46,
            name.wholeMatch(of: /[A-Za-z0-9_-]+/) != nil
        else { throw Complaint(description: "operationId is \(operation["operationId"] ?? "missing")") }
        guard let description = (operation["summary"] ?? operation["description"]) as? String, !description.isEmpty
        else {
            throw Complaint(description: "\(name) has no description")
        }
        guard let body = operation["requestBody"] as? [String: Any], let content = body["content"] as? [String: Any],
            content.count == 1, let media = content["application/json"] as? [String: Any],
            let schema = media["schema"] as? [String: Any]
        else { throw Complaint(description: "\(name) has no inline schema of JSON") }
        guard schema["type"] as? String == "object", let properties = schema["properties"] as? [String: [String: Any]],
            !properties.isEmpty
        else { throw Complaint(description: "\(name) takes no object with properties") }
        let required = schema["required"] as? [String] ?? []
        guard Set(required).isSubset(of: properties.keys), Set(required).count == required.count else {
            throw Complaint(description: "\(name) requires \(required)")
        }
        try refuse(schema, besides: ["type", "properties", "required"], at: name)
        for (property, schema) in properties {
            guard let meaning = schema["description"] as? String, !meaning.isEmpty else {
                throw Complaint(description: "\(name).\(property) has no description")
            }
            try check(schema, at: "\(name).\(property)")
        }
        return Function(name: name, description: description, properties: properties, required: required)
    }

    /// What is converted; all else is lost, or makes the value "unknown".
    private static func check(_ schema: [String: Any], at place: String) throws {
        switch schema["type"] as? String {
        case "string":
            try refuse(schema, besides: ["type", "description", "enum", "minLength", "maxLength"], at: place)
            if let words = schema["enum"] {
                guard let words = words as? [String], !words.isEmpty, Set(words).count == words.count else {
                    throw Complaint(description: "\(place) has the enum \(words)")
                }
            }
        case "number", "integer":
            try refuse(schema, besides: ["type", "description", "minimum", "maximum"], at: place)
            if let minimum = schema["minimum"] as? Double, let maximum = schema["maximum"] as? Double, minimum > maximum
            {
                throw Complaint(description: "\(place) has no value")
            }
        case "boolean": try refuse(schema, besides: ["type", "description"], at: place)
        case "array":
            try refuse(schema, besides: ["type", "description", "items"], at: place)
            guard let items = schema["items"] as? [String: Any] else {
                throw Complaint(description: "\(place) has no items")
            }
            try check(items, at: place + "[]")
        case "object": try refuse(schema, besides: ["type", "description", "properties", "required"], at: place)
        case let type: throw Complaint(description: "\(place) has the type \(type ?? "none")")
        }
    }

    private static func refuse(_ schema: [String: Any], besides known: Set<String>, at place: String) throws {
        let unknown = Set(schema.keys).subtracting(known)
        guard unknown.isEmpty else { throw Complaint(description: "\(place) has \(unknown.sorted())") }
    }

    private static func refuseReferences(_ value: Any, at place: String) throws {
        if let object = value as? [String: Any] {
            guard object["$ref"] == nil else { throw Complaint(description: "\(place) has a $ref") }
            for (name, value) in object { try refuseReferences(value, at: "\(place).\(name)") }
        } else if let list = value as? [Any] {
            for value in list { try refuseReferences(value, at: place) }
        }
    }
}
