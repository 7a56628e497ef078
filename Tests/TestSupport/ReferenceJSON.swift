internal import Foundation

/// JSON as RFC 8259 has it, read by other code than the product's: with every member of an object in its order, and each number
/// as it is written.
package indirect enum ReferenceJSON: Sendable {
    case null
    case flag(Bool)
    case number(String)
    case text(String)
    /// A string with half of a surrogate pair, which is no text.
    case brokenText
    case list([ReferenceJSON])
    case object([(name: String, value: ReferenceJSON)])

    package enum Failure: Error, Equatable {
        case malformed
        /// Deeper than ``depthLimit``.
        case tooDeep
    }

    /// A reader may refuse what is deeper (RFC 8259, section 9). It bounds the recursion here.
    package static let depthLimit = 200

    package init(parsing bytes: [UInt8]) throws(Failure) {
        guard String(validating: bytes, as: UTF8.self) != nil else { throw .malformed }
        self = try bytes.withUnsafeBufferPointer { bytes throws(Failure) in
            var reader = Reader(bytes: bytes)
            let value = try reader.value(depth: 0)
            reader.skipBlanks()
            guard reader.position == bytes.count else { throw .malformed }
            return value
        }
    }

    package var text: String? { if case .text(let text) = self { text } else { nil } }
    package var flag: Bool? { if case .flag(let flag) = self { flag } else { nil } }
    package var list: [ReferenceJSON]? { if case .list(let values) = self { values } else { nil } }
    package var isObject: Bool { if case .object = self { true } else { false } }
    package var isNull: Bool { if case .null = self { true } else { false } }

    /// A whole number that is written as one.
    package var integer: Int? { if case .number(let digits) = self { Int(digits) } else { nil } }

    package var names: [String] { if case .object(let members) = self { members.map(\.name) } else { [] } }

    package subscript(name: String) -> ReferenceJSON? { member(name) }

    /// - Parameter fromEnd: whether the last of several members of that name counts, not the first.
    package func member(_ name: String, fromEnd: Bool = false) -> ReferenceJSON? {
        guard case .object(let members) = self else { return nil }
        let isNamed = { (member: (name: String, value: ReferenceJSON)) in member.name.isSame(as: name) }
        return (fromEnd ? members.last(where: isNamed) : members.first(where: isNamed))?.value
    }
}

extension String {
    /// Whether it has the same bytes. `==` also takes other spellings of a character for the same.
    package func isSame(as other: String) -> Bool { utf8.elementsEqual(other.utf8) }
}

private struct Reader {
    let bytes: UnsafeBufferPointer<UInt8>
    var position = 0

    private typealias Failure = ReferenceJSON.Failure

    var current: UInt8? { position < bytes.count ? bytes[position] : nil }

    mutating func skipBlanks() {
        while let byte = current, [0x20, 0x09, 0x0A, 0x0D].contains(byte) { position += 1 }
    }

    private mutating func take(_ character: Character) -> Bool {
        guard let byte = current, byte == character.asciiValue else { return false }
        position += 1
        return true
    }

    private mutating func takeWord(_ word: String) throws(ReferenceJSON.Failure) {
        for character in word where !take(character) { throw .malformed }
    }

    mutating func value(depth: Int) throws(ReferenceJSON.Failure) -> ReferenceJSON {
        guard depth <= ReferenceJSON.depthLimit else { throw .tooDeep }
        skipBlanks()
        switch current.map({ Character(UnicodeScalar($0)) }) {
        case "{": return .object(try members(depth: depth + 1))
        case "[": return .list(try elements(depth: depth + 1))
        case "\"": return try string().map { .text($0) } ?? .brokenText
        case "t":
            try takeWord("true")
            return .flag(true)
        case "f":
            try takeWord("false")
            return .flag(false)
        case "n":
            try takeWord("null")
            return .null
        default: return .number(try number())
        }
    }

    private mutating func members(
        depth: Int
    ) throws(ReferenceJSON.Failure) -> [(name: String, value: ReferenceJSON)] {
        position += 1
        var members: [(name: String, value: ReferenceJSON)] = []
        skipBlanks()
        if take("}") { return [] }
        while true {
            skipBlanks()
            guard current == UInt8(ascii: "\"") else { throw .malformed }
            let name = try string() ?? "\u{FFFD}"
            skipBlanks()
            guard take(":") else { throw .malformed }
            members.append((name, try value(depth: depth)))
            skipBlanks()
            if take("}") { return members }
            guard take(",") else { throw .malformed }
        }
    }

    private mutating func elements(depth: Int) throws(ReferenceJSON.Failure) -> [ReferenceJSON] {
        position += 1
        var elements: [ReferenceJSON] = []
        skipBlanks()
        if take("]") { return [] }
        while true {
            elements.append(try value(depth: depth))
            skipBlanks()
            if take("]") { return elements }
            guard take(",") else { throw .malformed }
        }
    }

    private mutating func number() throws(ReferenceJSON.Failure) -> String {
        let start = position
        _ = take("-")
        if !take("0") { try digits() }
        if take(".") { try digits() }
        if take("e") || take("E") {
            if !take("+") { _ = take("-") }
            try digits()
        }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    private mutating func digits() throws(ReferenceJSON.Failure) {
        let start = position
        while let byte = current, (0x30...0x39).contains(byte) { position += 1 }
        guard position > start else { throw .malformed }
    }

    /// - Returns: nil for one with half of a surrogate pair.
    private mutating func string() throws(ReferenceJSON.Failure) -> String? {
        position += 1
        var text = ""
        var isWhole = true
        var high: UInt16?
        while true {
            let start = position
            while let byte = current, byte >= 0x20, byte != 0x22, byte != 0x5C { position += 1 }
            if position > start {
                if high != nil { isWhole = false }
                high = nil
                text += String(decoding: bytes[start..<position], as: UTF8.self)
            }
            guard let byte = current, byte >= 0x20 else { throw .malformed }
            position += 1
            if byte == 0x22 { return isWhole && high == nil ? text : nil }
            let unit = try escape()
            if let first = high, UTF16.isTrailSurrogate(unit) {
                text += String(decoding: [first, unit], as: UTF16.self)
                high = nil
                continue
            }
            if high != nil || UTF16.isTrailSurrogate(unit) { isWhole = false }
            high = UTF16.isLeadSurrogate(unit) ? unit : nil
            if let scalar = Unicode.Scalar(unit) { text.unicodeScalars.append(scalar) }
        }
    }

    private mutating func escape() throws(ReferenceJSON.Failure) -> UInt16 {
        guard let byte = current else { throw .malformed }
        position += 1
        switch UnicodeScalar(byte) {
        case "\"", "\\", "/": return UInt16(byte)
        case "b": return 8
        case "f": return 12
        case "n": return 10
        case "r": return 13
        case "t": return 9
        case "u":
            guard position + 4 <= bytes.count else { throw .malformed }
            let digits = String(decoding: bytes[position..<position + 4], as: UTF8.self)
            guard digits.allSatisfy(\.isHexDigit), digits.utf8.count == 4, let unit = UInt16(digits, radix: 16) else {
                throw .malformed
            }
            position += 4
            return unit
        default: throw .malformed
        }
    }
}
