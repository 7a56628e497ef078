/// Makes a fenced code block whose fence is longer than any run of backticks in the text (CommonMark, section 4.5).
///
/// The closing fence is on a line of its own, so one newline at the end of `text` is dropped.
func fenced(_ text: String, language: String = "") -> String {
    // The test is on bytes, because Swift takes a carriage return and a newline for one character.
    let bytes = text.utf8
    let body = bytes.last == UInt8(ascii: "\n") ? text[..<bytes.index(before: bytes.endIndex)] : text[...]
    var run = 0
    var longest = 2
    for byte in body.utf8 {
        run = byte == UInt8(ascii: "`") ? run + 1 : 0
        longest = max(longest, run)
    }
    let fence = String(repeating: "`", count: longest + 1)
    return "\(fence)\(language)\n\(body)\n\(fence)"
}

extension String {
    /// The text that has to follow a Markdown text so that an open code block does not include what comes after it. It
    /// is nearly always empty.
    var missingFence: String {
        var text = self
        return text.withUTF8 { bytes in
            var open: (mark: UInt8, length: Int)?
            var isInComment = false
            var line = 0
            while line < bytes.count {
                let end = bytes[line...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
                // A code block in a list or a quotation is indented, or has other marks before its fence.
                let rest = bytes[line..<end].drop { " \t>-*+".utf8.contains($0) }
                line = end + 1
                if isInComment || open == nil && rest.starts(with: "<!--".utf8) {
                    isInComment = rest.firstRange(of: "-->".utf8) == nil
                    continue
                }
                guard let mark = rest.first, mark == UInt8(ascii: "`") || mark == UInt8(ascii: "~") else { continue }
                let length = rest.prefix { $0 == mark }.count
                let info = rest.dropFirst(length)
                if let block = open {
                    if mark == block.mark, length >= block.length, info.allSatisfy({ $0 <= 0x20 }) { open = nil }
                } else if length >= 3, mark == UInt8(ascii: "~") || !info.contains(mark) {
                    open = (mark, length)
                }
            }
            if isInComment { return "\n-->" }
            guard let open else { return "" }
            return "\n" + String(repeating: Character(Unicode.Scalar(open.mark)), count: open.length)
        }
    }
}
