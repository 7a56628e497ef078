/// Writes lines of text, and treats white space as HTML does.
struct HTMLTextWriter {
    private var text: [UInt8] = []
    private var isSpacePending = false
    /// The number of line feeds that are written before the next text.
    private var breaks = 0

    mutating func write(_ bytes: some Sequence<UInt8>, isPreformatted: Bool) {
        for byte in bytes {
            if !isPreformatted, byte <= 0x20 {
                isSpacePending = true
                continue
            }
            flushBreaks()
            if isSpacePending {
                isSpacePending = false
                if let last = text.last, last != UInt8(ascii: "\n"), last != UInt8(ascii: " ") {
                    text.append(UInt8(ascii: " "))
                }
            }
            text.append(byte)
        }
    }

    /// Writes the mark of a list's item. White space of the source after it has no meaning.
    mutating func writeMark(_ mark: String) {
        flushBreaks()
        text.append(contentsOf: mark.utf8)
        isSpacePending = false
    }

    mutating func breakLine() {
        breaks = max(breaks, 1)
        isSpacePending = false
    }

    mutating func breakBlock() {
        breaks = 2
        isSpacePending = false
    }

    private mutating func flushBreaks() {
        guard breaks > 0 else { return }
        if !text.isEmpty { text.append(contentsOf: repeatElement(UInt8(ascii: "\n"), count: breaks)) }
        breaks = 0
    }

    consuming func finish() -> [UInt8] {
        while let last = text.last, last <= 0x20 { text.removeLast() }
        return text
    }
}
