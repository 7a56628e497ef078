/// The type of an argument, from which error sentences, help texts and JSON Schemas are made.
package enum ArgumentType: Equatable, Sendable {
    case text
    /// A text of a certain form. `expectation` names the form, and continues a sentence that ends with "must be".
    case form(expectation: String, example: String)
    case choice([String])
    case flag
    case integer(ClosedRange<Int>)
    case number(ClosedRange<Double>)
    case texts
    /// An object of strings whose names are names of variables.
    case variables

    /// The end of a sentence after "must be", such as `an array of strings`.
    package var expectation: String {
        switch self {
        case .text: "a string"
        case .form(let expectation, _): expectation
        case .choice(let words): "one of \(words.joined(separator: ", "))"
        case .flag: "true or false"
        case .integer(let range): "a whole number from \(range.lowerBound) to \(range.upperBound)"
        case .number(let range): "a number from \(Self.written(range.lowerBound)) to \(Self.written(range.upperBound))"
        case .texts: "an array of strings"
        case .variables: "an object of strings"
        }
    }

    private static func written(_ number: Double) -> String {
        Int(exactly: number).map(String.init) ?? "\(number)"
    }

    /// The members of a JSON Schema that describe the type (JSON Schema Validation 2020-12, sections 6.1 and 6.2).
    var schema: [JSONNode.Member] {
        switch self {
        case .text, .form: [.init("type", "string")]
        case .choice(let words): [.init("type", "string"), .init("enum", .list(words.map { .text($0) }))]
        case .flag: [.init("type", "boolean")]
        case .integer(let range): [.init("type", "integer")] + Self.bounds(range)
        case .number(let range):
            [.init("type", "number")] + Self.bounds(Int(range.lowerBound)...Int(range.upperBound))
        case .texts: [.init("type", "array"), .init("items", ["type": "string"])]
        case .variables: [.init("type", "object")]
        }
    }

    private static func bounds(_ range: ClosedRange<Int>) -> [JSONNode.Member] {
        [.init("minimum", .number(range.lowerBound)), .init("maximum", .number(range.upperBound))]
    }
}
