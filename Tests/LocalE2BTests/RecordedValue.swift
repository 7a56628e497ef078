import Foundation

/// Any JSON, for comparing.
enum RecordedValue: Equatable, Decodable {
    case null
    case bool(Bool)
    case number(Double)
    case string(String)
    case array([RecordedValue])
    case object([String: RecordedValue])

    init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if value.decodeNil() {
            self = .null
        } else if let bool = try? value.decode(Bool.self) {
            self = .bool(bool)
        } else if let number = try? value.decode(Double.self) {
            self = .number(number)
        } else if let string = try? value.decode(String.self) {
            self = .string(string)
        } else if let array = try? value.decode([RecordedValue].self) {
            self = .array(array)
        } else {
            self = .object(try value.decode([String: RecordedValue].self))
        }
    }

    var string: String? {
        if case .string(let string) = self { string } else { nil }
    }

    /// The same value with every string in it, keys aside, changed.
    func mapStrings(_ change: (String) -> String) -> RecordedValue {
        switch self {
        case .string(let string): .string(change(string))
        case .array(let values): .array(values.map { $0.mapStrings(change) })
        case .object(let fields): .object(fields.mapValues { $0.mapStrings(change) })
        case .null, .bool, .number: self
        }
    }
}

extension RecordedValue: CustomStringConvertible {
    var description: String {
        switch self {
        case .null: "null"
        case .bool(let bool): "\(bool)"
        case .number(let number): "\(number)"
        case .string(let string): string.count > 600 ? "\"\(string.prefix(600))…\"" : string.debugDescription
        case .array(let values): "\(values)"
        case .object(let fields):
            "{" + fields.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }.joined(separator: ", ") + "}"
        }
    }
}
