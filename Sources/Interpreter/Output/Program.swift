package import JSON

/// Corrects a program as a model wrote it where the meaning is certain.
extension String {
    /// The program without a byte order mark, without a code block's fences around all of it, and with line feeds only
    /// at the ends of lines: bash takes a carriage return for a part of the command.
    package var program: String {
        let text = withoutFence
        guard text.utf8.contains(UInt8(ascii: "\r")) else { return text }
        var lines: [UInt8] = []
        lines.reserveCapacity(text.utf8.count)
        for byte in text.utf8 {
            if byte == UInt8(ascii: "\n"), lines.last == UInt8(ascii: "\r") { lines.removeLast() }
            lines.append(byte)
        }
        return String(decoding: lines, as: UTF8.self)
    }

    /// Returns the program and its language: the requested one, else the one that its code block names, else the
    /// standard one.
    ///
    /// - Throws: an error for a NUL character. A kernel takes it for the end of the program, or ignores it.
    package func program(
        in language: Language?, standard: Language = .python
    ) throws(ArgumentError) -> (code: String, language: Language) {
        guard !utf8.contains(0) else {
            throw ArgumentError(
                "`code` has a NUL character (U+0000), with which no program runs: write it as an escape of the language."
            )
        }
        return (program, language ?? fence.flatMap { Language(name: $0.info) } ?? standard)
    }

    private var withoutFence: String {
        if let fence { return fence.body }
        return unicodeScalars.first == "\u{feff}" ? String(unicodeScalars.dropFirst()) : self
    }

    /// Returns the code block that is the whole text; nil if the text is not a single code block (CommonMark, section
    /// 4.5).
    private var fence: (info: String, body: String)? {
        var text = self
        let parts = text.withUTF8 { bytes -> (info: Range<Int>, body: Range<Int>)? in
            var start = 0
            if bytes.starts(with: [0xef, 0xbb, 0xbf]) { start = 3 }
            var end = bytes.count
            while start < end, bytes[start] <= 0x20 { start += 1 }
            while start < end, bytes[end - 1] <= 0x20 { end -= 1 }
            guard start < end, bytes[start] == UInt8(ascii: "`") || bytes[start] == UInt8(ascii: "~") else {
                return nil
            }
            let mark = bytes[start]
            let length = bytes[start..<end].prefix { $0 == mark }.count
            guard length >= 3, let lineEnd = bytes[start..<end].firstIndex(of: UInt8(ascii: "\n")) else { return nil }
            let last = bytes[start..<end].reversed().prefix { $0 == mark }.count
            let closing = end - last
            // The closing fence is on a line of its own, and there is no other fence before it.
            guard last >= length, closing > lineEnd, bytes[closing - 1] == UInt8(ascii: "\n") else { return nil }
            let body = lineEnd + 1..<max(closing, lineEnd + 1)
            var line = body.lowerBound
            while line < body.upperBound {
                let next = bytes[line..<body.upperBound].firstIndex(of: UInt8(ascii: "\n")) ?? body.upperBound
                let indented = bytes[line..<next].drop { $0 == UInt8(ascii: " ") }
                if indented.prefix(while: { $0 == mark }).count >= length { return nil }
                line = next + 1
            }
            let info = start + length..<lineEnd
            return bytes[info].contains(mark) ? nil : (info, body)
        }
        guard let parts else { return nil }
        let bytes = Array(utf8)
        let info = String(decoding: bytes[parts.info], as: UTF8.self).prefix { $0 != " " && $0 != "{" && !$0.isNewline }
        return (String(info), String(decoding: bytes[parts.body], as: UTF8.self))
    }
}
