/// A fenced code block, with a fence longer than any run of backticks inside (CommonMark, section 4.5).
///
/// One trailing newline of `text` is dropped before the closing fence.
func fenced(_ text: String, language: String = "") -> String {
    // On bytes: as a character the newline may be one with a carriage return before it.
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
