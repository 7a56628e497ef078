/// A fenced code block, with a fence longer than any run of backticks inside (CommonMark, section 4.5).
///
/// One trailing newline of `text` is dropped before the closing fence.
func fenced(_ text: String, language: String = "") -> String {
    let body = text.hasSuffix("\n") ? text.dropLast() : text[...]
    var run = 0
    var longest = 2
    for byte in body.utf8 {
        run = byte == UInt8(ascii: "`") ? run + 1 : 0
        longest = max(longest, run)
    }
    let fence = String(repeating: "`", count: longest + 1)
    return "\(fence)\(language)\n\(body)\n\(fence)"
}
