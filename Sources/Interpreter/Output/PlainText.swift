extension String {
    /// The text without NUL and without terminal escapes (ECMA-48): control sequences such as colours, and the title and link
    /// sequences that end in BEL or ST.
    package var withoutTerminalEscapes: String {
        var text = self
        let kept = text.withUTF8 { bytes in
            bytes.contains { $0 == 0 || $0 == escape } ? EscapeRemoval(of: bytes).kept() : nil
        }
        return kept.map { String(decoding: $0, as: UTF8.self) } ?? text
    }
}

private let escape: UInt8 = 0x1b

/// On bytes, in runs: a text may be megabytes, and nearly all of it stays.
private struct EscapeRemoval {
    private let text: UnsafeBufferPointer<UInt8>
    private var at = 0

    init(of text: UnsafeBufferPointer<UInt8>) { self.text = text }

    consuming func kept() -> [UInt8] {
        var kept: [UInt8] = []
        kept.reserveCapacity(text.count)
        while at < text.count {
            let run = at
            while at < text.count, text[at] != 0, text[at] != escape { at += 1 }
            kept.append(contentsOf: text[run..<at])
            guard at < text.count else { break }
            at += 1
            if text[at - 1] == escape { skipEscape() }
        }
        return kept
    }

    private var byte: UInt8? { at < text.count ? text[at] : nil }

    private mutating func skip(_ range: ClosedRange<UInt8>) {
        while let byte, range.contains(byte) { at += 1 }
    }

    /// Skips the rest of one escape sequence, whose ESC is behind.
    private mutating func skipEscape() {
        // A byte outside ASCII is no part of an escape: it stays.
        guard let introducer = byte, introducer < 0x80 else { return }
        at += 1
        switch introducer {
        case UInt8(ascii: "["):
            // Parameters and intermediates, then one final byte.
            skip(0x20...0x3f)
            if let byte, (0x40...0x7e).contains(byte) { at += 1 }
        case UInt8(ascii: "]"), UInt8(ascii: "P"), UInt8(ascii: "^"), UInt8(ascii: "_"):
            // A string, ended by BEL or ESC \. One without an end is dropped up to the end of its line.
            while let byte, byte != UInt8(ascii: "\n") {
                at += 1
                if byte == 0x07 { return }
                if byte == escape, self.byte == UInt8(ascii: "\\") {
                    at += 1
                    return
                }
            }
        case 0x20...0x2f:
            // Intermediates, then one final byte: character sets.
            skip(0x20...0x2f)
            if let byte, (0x30...0x7e).contains(byte) { at += 1 }
        default: break
        }
    }
}
