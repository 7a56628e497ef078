/// Reads a JSON object that arrives in pieces, one of whose members is a long string.
///
/// That string is handed over as it comes, with its escapes replaced. All else is kept as it stands, with an empty string
/// in its place: ``JSONScanner`` reads that like any other object. As there, the members of the same name before it count,
/// and not those after it.
///
/// What it refuses is what ``JSONScanner`` refuses, and bytes that are not UTF-8. The string is only begun where all before
/// it is right.
package struct JSONObjectStream: Sendable {
    package enum Phase: Sendable { case before, within, after }

    /// Where the reading is: before the long string, which may never come, in it, or behind it.
    package private(set) var phase = Phase.before
    /// What has been read of everything else, for the whole or for the beginning of an object.
    package private(set) var rest: [UInt8] = []
    /// Whether an escape in the long string is half of a surrogate pair, which stands for no character. Nothing of what
    /// follows it is handed over.
    package private(set) var hasHalfPair = false

    private let name: [UInt8]

    // Outside the long string.
    private var depth = 0
    private var isInString = false
    private var isAfterBackslash = false
    private var isKeyNext = false
    /// Where the last member's name begins in ``rest``, while it is read.
    private var keyStart: Int?
    /// Whether the value that comes next is the one of our name.
    private var isOurs = false
    private var hasSeenName = false

    /// An escape or a character of the long string whose end has not arrived.
    private var held: [UInt8] = []

    /// - Parameter name: of the member that is the long string. ASCII.
    package init(streaming name: String) { self.name = Array(name.utf8) }

    /// What has been read so far as an object of its own; meaningful from the beginning of the long string on.
    package var beginning: [UInt8] { rest + [UInt8(ascii: "}")] }

    /// - Parameter content: gets what has come of the long string.
    package mutating func read(
        _ piece: UnsafeRawBufferPointer, into content: inout [UInt8]
    ) throws(MalformedJSON) {
        var position = 0
        while position < piece.count {
            if phase == .within {
                if held.isEmpty {
                    position = try readText(piece, from: position, into: &content)
                } else {
                    position = try completeHeld(piece, from: position, into: &content)
                }
            } else {
                position = try readRest(piece, from: position)
            }
        }
    }

    /// - Returns: the object without the long string's content.
    package consuming func finish() throws(MalformedJSON) -> [UInt8] {
        guard phase != .within else { throw malformed("the end of the string") }
        try check(rest)
        return rest
    }

    private func check(_ object: [UInt8]) throws(MalformedJSON) {
        try object.withUnsafeBufferPointer { bytes throws(MalformedJSON) in
            let bytes = UnsafeRawBufferPointer(bytes)
            try JSONScanner.members(of: bytes) { _, _ in }
            guard bytes.isUTF8 else { throw malformed("UTF-8") }
        }
    }

    private func malformed(_ expected: String) -> MalformedJSON {
        MalformedJSON(offset: rest.count, expected: expected)
    }

    // MARK: - All else

    private mutating func readRest(_ piece: UnsafeRawBufferPointer, from start: Int) throws(MalformedJSON) -> Int {
        var position = start
        while position < piece.count {
            if isInString {
                let end = endOfString(piece, from: position)
                rest += piece[position..<end]
                position = end
                continue
            }
            let byte = piece[position]
            position += 1
            rest.append(byte)
            switch byte {
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
                isKeyNext = depth == 1 && byte == UInt8(ascii: "{")
                isOurs = false
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth -= 1
                isOurs = false
            case UInt8(ascii: ",") where depth == 1:
                isKeyNext = true
                isOurs = false
            case UInt8(ascii: ":") where depth == 1:
                isKeyNext = false
            case UInt8(ascii: "\""):
                if isOurs, depth == 1, !isKeyNext {
                    isOurs = false
                    rest.append(UInt8(ascii: "\""))
                    try check(beginning)
                    phase = .within
                    return position
                }
                isInString = true
                keyStart = depth == 1 && isKeyNext ? rest.count : nil
            default: break
            }
        }
        return position
    }

    /// Where a string's part in the piece ends, behind its quote if that is in it.
    private mutating func endOfString(_ piece: UnsafeRawBufferPointer, from start: Int) -> Int {
        var position = start
        while position < piece.count {
            if isAfterBackslash {
                isAfterBackslash = false
                position += 1
                continue
            }
            position = piece.endOfPlainText(from: position)
            guard position < piece.count else { break }
            switch piece[position] {
            case UInt8(ascii: "\\"): isAfterBackslash = true
            case UInt8(ascii: "\""):
                isInString = false
                if let keyStart { endKey(from: keyStart, piece[start..<position]) }
                return position + 1
            default: break  // A control character, which is found when all of it is checked.
            }
            position += 1
        }
        return position
    }

    private mutating func endKey(from start: Int, _ end: Slice<UnsafeRawBufferPointer>) {
        keyStart = nil
        let key = rest[start...] + end
        // An escape has at most six bytes for one of the name's.
        guard !hasSeenName, key.count <= 6 * name.count else { return }
        let isOurs = key.withUnsafeBytes { key in
            withUnsafeTemporaryAllocation(byteCount: key.count, alignment: 1) { room in
                guard Self.isWellFormed(key) else { return false }
                return room[..<JSONString.unescape(key, into: room)].elementsEqual(name)
            }
        }
        guard isOurs else { return }
        hasSeenName = true
        self.isOurs = true
    }

    /// Whether all escapes are. What is not is found when all of it is checked.
    private static func isWellFormed(_ text: UnsafeRawBufferPointer) -> Bool {
        var position = 0
        while let escape = text[position...].firstIndex(of: UInt8(ascii: "\\")) {
            guard let length = escapeLength(text, at: escape) else { return false }
            position = escape + length
        }
        return true
    }

    /// - Returns: 2 or 6; nil if there is no escape, or not all of one.
    private static func escapeLength(_ text: UnsafeRawBufferPointer, at position: Int) -> Int? {
        guard position + 1 < text.count else { return nil }
        switch text[position + 1] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            return 2
        case UInt8(ascii: "u"):
            guard position + 6 <= text.count else { return nil }
            return text[(position + 2)..<(position + 6)].allSatisfy { Hexadecimal.value($0) != nil } ? 6 : nil
        default: return nil
        }
    }

    // MARK: - The long string

    /// The longest escape: a surrogate pair.
    private static let longestEscape = 12

    /// Reads on until the string's end, or something whose end is not in the piece.
    private mutating func readText(
        _ piece: UnsafeRawBufferPointer, from start: Int, into content: inout [UInt8]
    ) throws(MalformedJSON) -> Int {
        var end = start
        var hasEscapes = false
        scan: while true {
            end = piece.endOfPlainText(from: end)
            guard end < piece.count else { break }
            switch piece[end] {
            case UInt8(ascii: "\""): break scan
            case UInt8(ascii: "\\"):
                guard piece.count - end >= Self.longestEscape else { break scan }
                guard let length = Self.escapeLength(piece, at: end) else { throw malformed("an escape") }
                hasEscapes = true
                end += length
                // Both halves of a pair at once: the piece has room for them.
                if length == 6, Self.isLeadSurrogate(piece, at: end - 6), piece[end] == UInt8(ascii: "\\"),
                    piece[end + 1] == UInt8(ascii: "u"), !Self.isLeadSurrogate(piece, at: end)
                {
                    guard Self.escapeLength(piece, at: end) != nil else { throw malformed("an escape") }
                    end += 6
                }
            default: throw malformed("an escaped control character")
            }
        }
        var text = UnsafeRawBufferPointer(rebasing: piece[start..<end])
        if end == piece.count {
            let cut = text.countOfCutCharacter
            held = Array(text.suffix(cut))
            text = UnsafeRawBufferPointer(rebasing: text.dropLast(cut))
        }
        try append(text, hasEscapes: hasEscapes, to: &content)
        guard end < piece.count else { return end }
        if piece[end] == UInt8(ascii: "\"") {
            phase = .after
        } else {
            held = [piece[end]]
        }
        return end + 1
    }

    private mutating func append(
        _ text: UnsafeRawBufferPointer, hasEscapes: Bool, to content: inout [UInt8]
    ) throws(MalformedJSON) {
        guard text.isUTF8 else { throw malformed("UTF-8") }
        if hasEscapes, JSONString.hasHalfPair(text) { hasHalfPair = true }
        guard !hasHalfPair else { return }
        let start = content.count
        content += text
        guard hasEscapes else { return }
        let count = content.withUnsafeMutableBytes { bytes in
            let text = UnsafeMutableRawBufferPointer(rebasing: bytes[start...])
            return JSONString.unescape(UnsafeRawBufferPointer(text), into: text)
        }
        content.removeLast(content.count - start - count)
    }

    /// Adds bytes to what is held, one by one, until that is whole.
    private mutating func completeHeld(
        _ piece: UnsafeRawBufferPointer, from start: Int, into content: inout [UInt8]
    ) throws(MalformedJSON) -> Int {
        var position = start
        while position < piece.count, !held.isEmpty {
            let byte = piece[position]
            if held[0] == UInt8(ascii: "\\") {
                guard try takeOfEscape(byte, into: &content) else { continue }
            } else {
                guard byte & 0xC0 == 0x80 else { throw malformed("UTF-8") }
                held.append(byte)
                if held.withUnsafeBytes(\.countOfCutCharacter) == 0 { try release(held.count, into: &content) }
            }
            position += 1
        }
        return position
    }

    /// - Returns: false: the byte is not part of what was held, which is whole without it.
    private mutating func takeOfEscape(
        _ byte: UInt8, into content: inout [UInt8]
    ) throws(MalformedJSON) -> Bool {
        if held.count == 6 {
            // Half of a pair, whose other half has to follow.
            guard byte == UInt8(ascii: "\\") else {
                try release(6, into: &content)
                return false
            }
            held.append(byte)
            return true
        }
        held.append(byte)
        switch held.count {
        case 2:
            guard byte != UInt8(ascii: "u") else { return true }
            try release(2, into: &content)
        case 3...5:
            guard Hexadecimal.value(byte) != nil else { throw malformed("four hexadecimal digits") }
        case 6:
            guard Hexadecimal.value(byte) != nil else { throw malformed("four hexadecimal digits") }
            if !isLeadSurrogate { try release(6, into: &content) }
        case 8:
            // Another escape than the other half.
            if byte != UInt8(ascii: "u") {
                try release(6, into: &content)
                try release(2, into: &content)
            }
        case 9...11:
            guard Hexadecimal.value(byte) != nil else { throw malformed("four hexadecimal digits") }
        case 12:
            guard Hexadecimal.value(byte) != nil else { throw malformed("four hexadecimal digits") }
            if held.withUnsafeBytes(JSONString.hasHalfPair) {
                try release(6, into: &content)
                if !isLeadSurrogate { try release(6, into: &content) }
            } else {
                try release(12, into: &content)
            }
        default: break
        }
        return true
    }

    private var isLeadSurrogate: Bool { held.withUnsafeBytes { Self.isLeadSurrogate($0, at: 0) } }

    /// Whether an escape of four digits is the first half of a pair.
    private static func isLeadSurrogate(_ text: UnsafeRawBufferPointer, at position: Int) -> Bool {
        text[position + 2] | 0x20 == UInt8(ascii: "d") && "89abAB".utf8.contains(text[position + 3])
    }

    private mutating func release(_ count: Int, into content: inout [UInt8]) throws(MalformedJSON) {
        let unit = Array(held[..<count])
        held.removeFirst(count)
        try unit.withUnsafeBufferPointer { unit throws(MalformedJSON) in
            let unit = UnsafeRawBufferPointer(unit)
            let hasEscapes = unit[0] == UInt8(ascii: "\\")
            if hasEscapes, Self.escapeLength(unit, at: 0) == nil { throw malformed("an escape") }
            try append(unit, hasEscapes: hasEscapes, to: &content)
        }
    }
}

extension UnsafeRawBufferPointer {
    /// The bytes at the end that begin a character of UTF-8 and are not all of it.
    fileprivate var countOfCutCharacter: Int {
        for back in 1..<4 where back <= count {
            let byte = self[count - back]
            // One that does not begin a character.
            if byte & 0xC0 == 0x80 { continue }
            let length = byte < 0xC0 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4
            return length > back ? back : 0
        }
        return 0
    }
}
