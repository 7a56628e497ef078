/// Base64 (RFC 4648, section 4). The decoder allows white space between the characters.
package enum Base64 {
    /// - Returns: nil if the text is not base64.
    package static func decode(_ text: UnsafeRawBufferPointer) -> [UInt8]? {
        var isWhole = false
        let bytes = [UInt8](unsafeUninitializedCapacity: text.count / 4 * 3 + 3) { room, count in
            let decoder = table.withUnsafeBufferPointer { Decoder(text: text, room: .init(room), table: $0).run() }
            count = decoder.written
            isWhole = decoder.isWhole
        }
        return isWhole ? bytes : nil
    }

    /// - Returns: nil if the text is not base64.
    package static func decode(_ text: String) -> [UInt8]? {
        var text = text
        return text.withUTF8 { decode(UnsafeRawBufferPointer($0)) }
    }

    /// Decodes a text as people and models write it: base64, or base64url (RFC 4648, section 5), with or without its padding,
    /// alone or in a data URI.
    ///
    /// - Parameter room: the memory for the result. It may be the text's own memory or begin before it, because the
    ///   decoder never writes more bytes than it has read.
    /// - Returns: the number of bytes written; nil if the text is none of these.
    package static func decode(
        _ text: UnsafeRawBufferPointer, over room: UnsafeMutableRawBufferPointer
    ) -> Int? {
        guard let content = text.contentOfDataURI else { return nil }
        let decoder = tableOfBoth.withUnsafeBufferPointer { table in
            Decoder(text: content, room: room, table: table).run()
        }
        if decoder.isWhole { return decoder.written }
        guard let cut = decoder.cut else { return nil }
        return decodeUnpadded(content[cut...], into: room, at: decoder.written)
    }

    /// Decodes the last characters of a text without padding.
    ///
    /// - Returns: the number of bytes of the whole text; nil if they are no end of one.
    static func decodeUnpadded(
        _ end: some Sequence<UInt8>, into room: UnsafeMutableRawBufferPointer, at place: Int
    ) -> Int? {
        var group: UInt32 = 0
        var count = 0
        for character in end where !isSkipped(character) {
            guard count < 3 else { return nil }
            let bits = tableOfBoth[count << 8 | Int(character)]
            guard bits & stranger == 0 else { return nil }
            group |= bits
            count += 1
        }
        guard count > 1 else { return count == 0 ? place : nil }
        for byte in 0..<(count - 1) { room[place + byte] = UInt8(truncatingIfNeeded: group >> (8 * byte)) }
        return place + count - 1
    }

    /// The head of a data URI, to its comma (RFC 2397). Bytes.
    static let dataHeadLimit = 1024

    /// The mark in `table` of a character outside the alphabet. Entries without the mark hold decoded bits in their low
    /// 24 bits.
    private static let stranger: UInt32 = 1 << 31

    /// The contribution of each character to the three bytes of its group, for each of the four places in the group.
    /// The first byte of the group is the lowest.
    private static let table = makeTable(["ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"])
    /// The same with the alphabet of base64url as well.
    private static let tableOfBoth = makeTable([
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
    ])

    private static func makeTable(_ alphabets: [String]) -> [UInt32] {
        var table = [UInt32](repeating: stranger, count: 4 * 256)
        for alphabet in alphabets {
            for (value, character) in zip(UInt32(0)..., alphabet.utf8) {
                let at = Int(character)
                table[at] = value << 2
                table[256 + at] = value >> 4 | (value & 15) << 12
                table[512 + at] = (value >> 2) << 8 | (value & 3) << 22
                table[768 + at] = value << 16
            }
        }
        return table
    }

    /// Decodes `text`, of which the end may be missing, over itself.
    ///
    /// - Returns: bytes written, and how the text ended.
    static func decodeBeginning(
        _ text: UnsafeMutableRawBufferPointer
    ) -> (count: Int, end: TextEnd) {
        let decoder = tableOfBoth.withUnsafeBufferPointer { table in
            Decoder(text: UnsafeRawBufferPointer(text), room: text, table: table).run()
        }
        let end: TextEnd =
            decoder.isWhole ? (decoder.isPadded ? .padding : .group) : decoder.cut.map { .cut($0) } ?? .malformed
        return (decoder.written, end)
    }

    /// How a text ends.
    enum TextEnd: Equatable {
        case group, padding, malformed
        /// In a group that begins there.
        case cut(Int)
    }

    /// Whether a character may stand anywhere and means nothing.
    static func isSkipped(_ character: UInt8) -> Bool {
        switch character {
        case UInt8(ascii: " "), UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: "\t"): true
        default: false
        }
    }

    private struct Decoder {
        let text: UnsafeRawBufferPointer
        let room: UnsafeMutableRawBufferPointer
        let table: UnsafeBufferPointer<UInt32>
        var read = 0
        var written = 0
        var isWhole = false
        /// Whether there was padding.
        private(set) var isPadded = false
        /// Where a group begins of which the end is not there.
        private(set) var cut: Int?

        consuming func run() -> Decoder {
            repeat { readBlocks() } while readGroup()
            return self
        }

        private func bits(_ place: Int, _ character: UInt8) -> UInt32 { table[place << 8 | Int(character)] }

        private func group(at offset: Int) -> UInt32 {
            bits(0, text[offset]) | bits(1, text[offset + 1]) | bits(2, text[offset + 2]) | bits(3, text[offset + 3])
        }

        /// Decodes blocks of sixteen characters to twelve bytes, up to a block with a character outside the alphabet.
        private mutating func readBlocks() {
            while read + 16 <= text.count {
                let (a, b, c, d) = (group(at: read), group(at: read + 4), group(at: read + 8), group(at: read + 12))
                guard (a | b | c | d) & stranger == 0 else { return }
                let low = UInt64(a) | UInt64(b) << 24 | UInt64(c) << 48
                room.storeBytes(of: low.littleEndian, toByteOffset: written, as: UInt64.self)
                room.storeBytes(of: ((c >> 16) | (d << 8)).littleEndian, toByteOffset: written + 8, as: UInt32.self)
                read += 16
                written += 12
            }
        }

        /// Decodes the next four characters one by one, and skips white space.
        ///
        /// - Returns: false at the end of the text, and at an error.
        private mutating func readGroup() -> Bool {
            var group: UInt32 = 0
            var place = 0
            let start = read
            while place < 4 {
                guard let character = nextCharacter() else {
                    isWhole = place == 0
                    if place > 0 { cut = start }
                    return false
                }
                let bits = bits(place, character)
                guard bits & stranger == 0 else {
                    isPadded = character == UInt8(ascii: "=")
                    isWhole = isPadded && readPadding(after: place, from: start)
                    if isWhole { store(group, count: place - 1) }
                    return false
                }
                group |= bits
                place += 1
            }
            store(group, count: 3)
            return true
        }

        /// Reads what follows the first `=`: after two characters a second `=`, and then the end of the text.
        ///
        /// - Returns: false if the text goes on otherwise.
        private mutating func readPadding(after place: Int, from start: Int) -> Bool {
            if place == 2 {
                guard let next = nextCharacter() else {
                    cut = start
                    return false
                }
                guard next == UInt8(ascii: "=") else { return false }
            } else if place < 2 {
                return false
            }
            return nextCharacter() == nil
        }

        private mutating func nextCharacter() -> UInt8? {
            while read < text.count {
                defer { read += 1 }
                switch text[read] {
                case UInt8(ascii: " "), UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: "\t"): continue
                case let character: return character
                }
            }
            return nil
        }

        private mutating func store(_ group: UInt32, count: Int) {
            for byte in 0..<count {
                room[written] = UInt8(truncatingIfNeeded: group >> (8 * byte))
                written += 1
            }
        }
    }
}

extension UnsafeRawBufferPointer {
    /// The base64 in a data URI, or all of a text that is none; nil for a data URI of anything else.
    fileprivate var contentOfDataURI: UnsafeRawBufferPointer? {
        let start = firstIndex { !Base64.isSkipped($0) } ?? count
        guard Base64.beginsDataURI(self[start...]) else { return self }
        guard let comma = self[start...].prefix(Base64.dataHeadLimit).firstIndex(of: UInt8(ascii: ",")),
            Base64.isBase64(head: self[start..<comma])
        else { return nil }
        return UnsafeRawBufferPointer(rebasing: self[(comma + 1)...])
    }
}

extension Base64 {
    static func beginsDataURI(_ text: some Sequence<UInt8>) -> Bool {
        let scheme = "data:".utf8
        return text.prefix(scheme.count).map { $0 | 0x20 }.elementsEqual(scheme.map { $0 | 0x20 })
    }

    /// Whether the head of a data URI says that what follows its comma is base64.
    static func isBase64(head: some Sequence<UInt8>) -> Bool {
        Array(head).suffix(7).map { $0 | 0x20 }.elementsEqual(";base64".utf8.map { $0 | 0x20 })
    }
}
