/// A JSON value to be written, by ``JSONWriter/node(_:_:)``.
package enum JSONNode: Equatable, Sendable {
    case null
    case flag(Bool)
    case number(Int)
    /// A finite number. JSON cannot express infinity and NaN, so ``JSONWriter`` writes null for them.
    case fraction(Double)
    /// A number of any size, as JSON has it.
    case numeral(WholeNumber)
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

    /// Makes a string; null if `text` is nil.
    package init(_ text: String?) { self = text.map { .text($0) } ?? .null }
}
