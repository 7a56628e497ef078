/// Lines of text, in which white space is what HTML makes of it.
struct HTMLTextWriter {
    private var text: [UInt8] = []
    private var isSpacePending = false
    /// Line feeds that come before what comes next.
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

    /// A list's mark, after which white space of the source means nothing.
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
