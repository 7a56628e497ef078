/// A JSON value to be written.
package enum JSONNode: Equatable, Sendable {
    case null
    case flag(Bool)
    case number(Int)
    /// Finite: JSON has no other.
    case fraction(Double)
    case text(String)
    case list([JSONNode])
    case object([Member])

    package struct Member: Equatable, Sendable {
        package let name: String
        package let value: JSONNode

        package init(_ name: String, _ value: JSONNode) {
            self.name = name
            self.value = value
        }
    }
}

extension JSONNode: ExpressibleByStringLiteral, ExpressibleByStringInterpolation, ExpressibleByBooleanLiteral,
    ExpressibleByIntegerLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    package init(stringLiteral text: String) { self = .text(text) }
    package init(booleanLiteral flag: Bool) { self = .flag(flag) }
    package init(integerLiteral number: Int) { self = .number(number) }
    package init(arrayLiteral values: JSONNode...) { self = .list(values) }
    package init(dictionaryLiteral members: (String, JSONNode)...) {
        self = .object(members.map { Member($0, $1) })
    }

    /// The text, or null without one.
    package init(_ text: String?) { self = text.map { .text($0) } ?? .null }
}

extension [UInt8] {
    /// Appends the value as JSON (RFC 8259), with what `rewrite` makes of every text and every name.
    package mutating func append(_ value: JSONNode, _ rewrite: (String) -> String = { $0 }) {
        switch value {
        case .null: append(contentsOf: "null".utf8)
        case .flag(let flag): append(contentsOf: (flag ? "true" : "false").utf8)
        case .number(let number): append(contentsOf: String(number).utf8)
        case .fraction(let number): append(contentsOf: number.isFinite ? "\(number)".utf8 : "null".utf8)
        case .text(let text): append(quoted: rewrite(text))
        case .list(let values):
            append(UInt8(ascii: "["))
            for (index, value) in values.enumerated() {
                if index > 0 { append(UInt8(ascii: ",")) }
                append(value, rewrite)
            }
            append(UInt8(ascii: "]"))
        case .object(let members):
            append(UInt8(ascii: "{"))
            for (index, member) in members.enumerated() {
                if index > 0 { append(UInt8(ascii: ",")) }
                append(quoted: rewrite(member.name))
                append(UInt8(ascii: ":"))
                append(member.value, rewrite)
            }
            append(UInt8(ascii: "}"))
        }
    }
}
