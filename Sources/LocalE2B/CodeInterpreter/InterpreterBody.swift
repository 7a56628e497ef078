internal import FlyingFox
internal import Foundation

/// A request body of the code interpreter. Errors in it are reported in FastAPI's form.
struct InterpreterBody {
    private struct Problem: Encodable {
        let type: String
        let loc: [String]
        let msg: String
        let input: JSON
    }

    private let fields: [String: JSON]

    init(_ request: HTTPRequest) async throws {
        let bytes = try await request.body(limit: CodeInterpreter.bodyLimit)
        let type = request.headers[.contentType]?.lowercased() ?? ""
        guard type.contains("json") else {
            let text = String(decoding: bytes.prefix(1000), as: UTF8.self)
            throw Self.refusal(
                Problem(
                    type: "model_attributes_type", loc: ["body"],
                    msg: "Input should be a valid dictionary or object to extract fields from", input: .string(text)))
        }
        switch try? JSONDecoder().decode(JSON.self, from: bytes.isEmpty ? Data("{}".utf8) : Data(bytes)) {
        case .object(let fields): self.fields = fields
        case nil:
            throw Self.refusal(
                Problem(type: "json_invalid", loc: ["body"], msg: "JSON decode error", input: .object([:])))
        case let other?:
            throw Self.refusal(
                Problem(
                    type: "model_attributes_type", loc: ["body"],
                    msg: "Input should be a valid dictionary or object to extract fields from", input: other))
        }
    }

    func string(_ name: String) throws -> String {
        guard let value = fields[name] else {
            throw Self.refusal(
                Problem(type: "missing", loc: ["body", name], msg: "Field required", input: .object(fields)))
        }
        return try string(value, [name])
    }

    func optionalString(_ name: String) throws -> String? {
        guard let value = fields[name], value != .null else { return nil }
        return try string(value, [name])
    }

    func optionalStrings(_ name: String) throws -> [String: String]? {
        guard let value = fields[name], value != .null else { return nil }
        guard case .object(let values) = value else {
            throw Self.refusal(
                Problem(
                    type: "dict_type", loc: ["body", name], msg: "Input should be a valid dictionary", input: value))
        }
        return try Dictionary(uniqueKeysWithValues: values.map { ($0.key, try string($0.value, [name, $0.key])) })
    }

    private func string(_ value: JSON, _ path: [String]) throws -> String {
        guard case .string(let string) = value else {
            throw Self.refusal(
                Problem(
                    type: "string_type", loc: ["body"] + path, msg: "Input should be a valid string", input: value))
        }
        return string
    }

    private static func refusal(_ problem: Problem) -> HTTPError {
        HTTPError(encoding: ["detail": [problem]], status: 422)
    }
}
