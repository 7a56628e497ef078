extension String {
    /// The text that a terminal shows in the end: without NUL, colours, titles and links, and without overwritten
    /// parts.
    package var withoutTerminalEscapes: String {
        var text = self
        let shown = text.withUTF8 { bytes -> [UInt8]? in
            guard bytes.contains(where: { $0 < 0x20 && !(0x09...0x0c).contains($0) || $0 == 0x7f || $0 == 0xc2 }) else {
                return nil
            }
            var ends = TextEnds(limit: .max, tail: 0)
            var terminal = Terminal()
            terminal.read(UnsafeRawBufferPointer(bytes), into: &ends)
            terminal.finish(into: &ends)
            return ends.head
        }
        return shown.map { String(decoding: $0, as: UTF8.self) } ?? text
    }
}
