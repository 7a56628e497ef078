package import Foundation

/// A JSON value: what a request sends, and what a whole answer is compared with.
package enum JSONTree: Hashable, Sendable {
    case null, flag(Bool), number(Double), text(String), list([JSONTree]), object([String: JSONTree])
    /// What is not there: the outcome of looking for it.
    case missing

    /// - Parameter text: a whole JSON document.
    package init(parsing text: some Sequence<UInt8>) throws {
        self = try JSONDecoder().decode(JSONTree.self, from: Data(text))
    }

    package subscript(name: String) -> JSONTree {
        guard case .object(let members) = self else { return .missing }
        return members[name] ?? .missing
    }

    package subscript(index: Int) -> JSONTree {
        guard case .list(let values) = self, values.indices.contains(index) else { return .missing }
        return values[index]
    }

    package var string: String? {
        guard case .text(let text) = self else { return nil }
        return text
    }

    package var integer: Int? {
        guard case .number(let number) = self else { return nil }
        return Int(exactly: number)
    }

    package var list: [JSONTree]? {
        guard case .list(let values) = self else { return nil }
        return values
    }

    package var members: [String: JSONTree]? {
        guard case .object(let members) = self else { return nil }
        return members
    }

    /// With every text passed through `change`.
    package func replacingTexts(_ change: (String) -> String) -> JSONTree {
        switch self {
        case .text(let text): .text(change(text))
        case .list(let values): .list(values.map { $0.replacingTexts(change) })
        case .object(let members): .object(members.mapValues { $0.replacingTexts(change) })
        default: self
        }
    }

    package func encoded() throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(self)
    }
}

extension JSONTree: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        self =
            if container.decodeNil() {
                .null
            } else if let flag = try? container.decode(Bool.self) {
                .flag(flag)
            } else if let number = try? container.decode(Double.self) {
                .number(number)
            } else if let text = try? container.decode(String.self) {
                .text(text)
            } else if let values = try? container.decode([JSONTree].self) {
                .list(values)
            } else {
                .object(try container.decode([String: JSONTree].self))
            }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null, .missing: try container.encodeNil()
        case .flag(let flag): try container.encode(flag)
        case .number(let number): try container.encode(number)
        case .text(let text): try container.encode(text)
        case .list(let values): try container.encode(values)
        case .object(let members): try container.encode(members)
        }
    }
}

extension JSONTree: CustomStringConvertible {
    package var description: String {
        guard self != .missing else { return "nothing" }
        guard let json = try? encoded() else { return "unwritable JSON" }
        return String(decoding: json, as: UTF8.self)
    }
}

extension JSONTree: ExpressibleByStringLiteral, ExpressibleByStringInterpolation, ExpressibleByBooleanLiteral,
    ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral,
    ExpressibleByNilLiteral
{
    package init(stringLiteral text: String) { self = .text(text) }
    package init(booleanLiteral flag: Bool) { self = .flag(flag) }
    package init(integerLiteral number: Int) { self = .number(Double(number)) }
    package init(floatLiteral number: Double) { self = .number(number) }
    package init(arrayLiteral values: JSONTree...) { self = .list(values) }
    package init(dictionaryLiteral members: (String, JSONTree)...) {
        self = .object(Dictionary(members) { _, last in last })
    }
    package init(nilLiteral: ()) { self = .null }
}
