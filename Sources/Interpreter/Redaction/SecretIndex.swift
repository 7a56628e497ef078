/// All forms of all secrets, arranged so that one pass over a text finds them.
///
/// The first four bytes of each form decide where one may begin: for each of the four places a table says, for each byte, which
/// groups of forms may have it there (as in Hyperscan's "Teddy"). At most places of a text no group is left, and that takes
/// four loads. Where a character among those four is escaped the tables do not fit: so each byte that can begin an escape is
/// looked at, together with the three bytes before it.
final class SecretIndex: Sendable {
    private let masks: [[UInt8]]
    let names: [String]
    let forms: [SecretForm]
    /// The units of all forms, one after the other.
    let units: [UInt32]
    /// Four tables of 256 entries, each a set of groups.
    let tables: [UInt64]
    /// For each form the bytes of its first four places, each a set of 256 bits.
    let openings: [UInt64]
    /// For each form and each of its first four places what an escape there may stand for: a set of values modulo 64.
    let escapable: [UInt64]
    let groups: Lists
    /// Forms by the first byte of their plain spelling.
    let byFirstByte: Lists
    /// Forms by what an escape of their first character stands for, if that is less than 256.
    let byFirstValue: Lists
    /// The others.
    let byLargeFirstValue: [UInt32: [Int32]]
    /// Forms of which a character among the first four may have been lost.
    let losable: [Int32]
    let longest: Int

    /// Bits of a table's entry that stand for groups of forms. The others are ``EscapeStart/all``.
    static let groupCount = 58

    /// Numbers of forms by a small number, without an array for each.
    struct Lists: Sendable {
        let numbers: [Int32]
        /// Where each list begins, and the end of the last one.
        let starts: [Int32]

        init(_ lists: [[Int32]]) {
            numbers = lists.flatMap(\.self)
            starts = lists.reduce(into: [0]) { starts, list in
                starts.append(starts[starts.count - 1] + Int32(list.count))
            }
        }
    }

    init(_ secrets: [String: String]) {
        let secrets = secrets.sorted { $0.key < $1.key }
        names = secrets.map(\.key)
        masks = names.map { Array("[hidden:\($0)]".utf8) }
        let forms = secrets.enumerated().flatMap { SecretForm.all(of: $1.value, secret: $0) }
        self.forms = forms
        units = forms.flatMap(\.units)
        longest = forms.reduce(0) { max($0, $1.limit) }
        losable = forms.indices.filter { forms[$0].losesEarly }.map { Int32($0) }
        var tables = [UInt64](repeating: 0, count: 4 * 256)
        var openings = [UInt64](repeating: 0, count: 16 * forms.count)
        var escapable: [UInt64] = []
        var groups = [[Int32]](repeating: [], count: Self.groupCount)
        var byFirstByte = [[Int32]](repeating: [], count: 256)
        var byFirstValue = byFirstByte
        var byLargeFirstValue: [UInt32: [Int32]] = [:]
        for (number, form) in forms.enumerated() {
            let group = number % Self.groupCount
            groups[group].append(Int32(number))
            let opening = form.opening
            for (place, bytes) in opening.enumerated() {
                for byte in bytes {
                    tables[place << 8 | Int(byte)] |= 1 << UInt64(group)
                    openings[16 * number + 4 * place + Int(byte >> 6)] |= 1 << UInt64(byte & 63)
                }
            }
            for byte in Set(opening[0]) { byFirstByte[Int(byte)].append(Int32(number)) }
            escapable += (0..<4).map { place in
                // Where the characters before it have one byte each it is known which one is there.
                guard let unit = form.units.dropFirst(place).first, form.units.prefix(place).allSatisfy({ $0 < 0x80 })
                else { return .max }
                return form.values(of: unit).reduce(0) { $0 | 1 << UInt64($1 & 63) }
            }
            for value in form.units.first.map(form.values) ?? [] {
                if value < 256 {
                    byFirstValue[Int(value)].append(Int32(number))
                } else {
                    byLargeFirstValue[value, default: []].append(Int32(number))
                }
            }
        }
        for start in EscapeStart.allCases where start != .loss || !losable.isEmpty {
            for byte in start.first { tables[Int(byte)] |= start.group }
            for byte in start.second { tables[256 | Int(byte)] |= start.group }
            for byte in 0..<256 {
                tables[512 | byte] |= start.group
                tables[768 | byte] |= start.group
            }
        }
        (self.tables, self.openings, self.escapable) = (tables, openings, escapable)
        self.groups = Lists(groups)
        (self.byFirstByte, self.byFirstValue) = (Lists(byFirstByte), Lists(byFirstValue))
        self.byLargeFirstValue = byLargeFirstValue
    }

    /// nil when there is nothing to replace.
    func redacted(_ text: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        let finds = SecretSearch.finds(in: text, of: self)
        guard !finds.isEmpty else { return nil }
        var result: [UInt8] = []
        result.reserveCapacity(text.count)
        var copied = 0
        var last: SecretSearch.Find?
        for find in finds where find.end > copied {
            result += text[copied..<max(find.start, copied)]
            // Two that overlap are both taken out. Parts of one secret in their order have one mask.
            let goesOn =
                last.map { last in
                    last.secret == find.secret
                        && (find.start < copied || find.start == copied && find.part == last.part + 1)
                } ?? false
            if !goesOn { result += masks[find.secret] }
            copied = find.end
            last = find
        }
        return result + text[copied...]
    }

    /// The name of the first secret in the text.
    func nameOfSecret(in text: UnsafeBufferPointer<UInt8>) -> String? {
        SecretSearch.finds(in: text, of: self).first.map { names[$0.secret] }
    }
}

/// Two bytes with which an escape begins, or another thing that may stand within a value and is not the value's.
enum EscapeStart: Int, CaseIterable {
    case percent, quotedPrintable, backslash, reference, quote, newline
    /// `?` or U+FFFD
    case loss

    // Seven would not fit beside the groups: a lost character has the bit of a line's end, which is as cheap to look at.
    var group: UInt64 { 1 << UInt64(SecretIndex.groupCount + min(rawValue, 5)) }

    var first: [UInt8] {
        switch self {
        case .percent: Array("%".utf8)
        case .quotedPrintable: Array("=".utf8)
        case .backslash: Array("\\".utf8)
        case .reference: Array("&".utf8)
        case .quote: Array("'\"".utf8)
        case .newline: Array("\r\n".utf8)
        case .loss: [UInt8(ascii: "?"), 0xef]
        }
    }

    var second: [UInt8] {
        let digits = Array("0123456789abcdefABCDEF".utf8)
        let all = Array(UInt8.min...UInt8.max)
        switch self {
        case .percent: return digits + Array("u".utf8)
        case .quotedPrintable: return digits + Array("\r\n".utf8)
        case .reference: return all.filter { $0 == UInt8(ascii: "#") || UInt32($0).isAlphanumeric }
        case .quote: return Array("'\"$+ \t\r\n\\".utf8)
        case .backslash, .newline, .loss: return all
        }
    }
}

extension SecretForm {
    /// The bytes that may stand at each of its first four places when none of its characters is escaped.
    fileprivate var opening: [[UInt8]] {
        var places: [[UInt8]] = []
        for (index, unit) in units.enumerated() where places.count < 4 {
            // White space may be more than one byte: what follows is then anywhere.
            if index > 0, notation == .text, foldsBlanks, units[index - 1] == 0x20 { break }
            // As is what follows the second of two numbers that may be apart.
            if index > 1, notation == .hexadecimal || notation == .decimal { break }
            places += plainBytes(of: unit, isFirst: index == 0)
        }
        let anything = Array(UInt8.min...UInt8.max)
        return (0..<4).map { $0 < places.count ? places[$0] : anything }
    }

    private func plainBytes(of unit: UInt32, isFirst: Bool) -> [[UInt8]] {
        let byte = UInt8(truncatingIfNeeded: unit)
        switch notation {
        case .text where unit == 0x20: return [[0x20, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, UInt8(ascii: "+"), 0xc2]]
        case .text: return Unicode.Scalar(unit).flatMap { UTF8.encode($0) }.map { $0.map { [$0] } } ?? []
        case .bytes: return [[byte]]
        case .base64 where unit == 0x2b: return [Array("+-".utf8)]
        case .base64 where unit == 0x2f: return [Array("/_".utf8)]
        case .base64: return [[byte]]
        case .base32: return [unit >= 0x41 ? [byte, byte | 0x20] : [byte]]
        case .hexadecimal:
            let digits = [unit >> 4, unit & 15].map { digit in
                ["0123456789abcdef", "0123456789ABCDEF"].map { Array($0.utf8)[Int(digit)] }
            }
            // Another byte's digits may be apart from the first's.
            return isFirst ? digits : [digits[0] + Self.separators]
        case .decimal:
            return isFirst ? String(unit).utf8.map { [$0] } : [Self.separators]
        }
    }

    private static let separators = Array(" \t\n\r:;,-_|.0".utf8)

    /// What an escape of a character may stand for: the character, its first byte, or the first half of it.
    fileprivate func values(of unit: UInt32) -> Set<UInt32> {
        switch notation {
        case .bytes, .base32, .hexadecimal, .decimal: return []
        case .base64: return unit == 0x2b ? [0x2b, 0x2d] : unit == 0x2f ? [0x2f, 0x5f] : [unit]
        case .text where unit == 0x20: return [0x20, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0xa0, 0xc2]
        case .text:
            guard let scalar = Unicode.Scalar(unit) else { return [] }
            var values: Set = [unit]
            if let byte = UTF8.encode(scalar)?.first { values.insert(UInt32(byte)) }
            if let unit = UTF16.encode(scalar)?.first { values.insert(UInt32(unit)) }
            return values
        }
    }

    /// Whether one of the characters that ``opening`` is of may have been lost.
    fileprivate var losesEarly: Bool { mayLose && units.prefix(4).contains { $0 >= 0x80 } }
}
