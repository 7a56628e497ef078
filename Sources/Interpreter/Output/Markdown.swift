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
