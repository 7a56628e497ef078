import Interpreter
import LibreChat
import Testing

@testable import Responder

struct LogTextTests {
    private let secrets = SecretRedactor(["TOKEN": "abc def123", "KEY": "0123456789"])

    @Test(arguments: [
        ("One sentence.", "One sentence."), ("", ""), ("  a\r\n\tb\u{85}c\u{2028}d\u{2029} ", "a b c d"),
        ("a\u{0}b\u{1b}[31mc\u{7f}", "ab[31mc"), ("\u{202e}evil\u{202c}\u{feff}\u{200b}", "evil"),
        ("naïve 😀", "naïve 😀"),
    ])
    func `a text becomes one line of what can be seen`(text: String, line: String) {
        #expect(LogText.of(text, without: secrets) == line)
    }

    @Test(arguments: [
        "abc def123", "abc\ndef123", "abc \u{200b}def123", "01234\u{0}56789", "012345\u{202e}6789", "x0123456789",
    ])
    func `a hidden value is masked, also when only the line has it whole`(text: String) {
        let line = LogText.of("\(text).", without: secrets)
        #expect(line.contains("[hidden:") && !line.contains("def123") && !line.contains("6789"), "\(line)")
    }

    @Test func `a long text ends in an ellipsis, and never in a part of a hidden value`() {
        for count in 570...640 {
            let text = String(repeating: "é", count: count) + "0123456789" + String(repeating: "z", count: 2000)
            let line = LogText.of(text, without: secrets)
            #expect(line.unicodeScalars.count <= LogText.limit && line.hasSuffix("…"))
            #expect(!line.contains("0123"), "\(count)")
        }
        // What was left out makes room for what is redacted.
        let text = String(repeating: "0123456789 ", count: 1000)
        #expect(!LogText.of(text, without: SecretRedactor(["A": "0123456789"])).contains("0"))
        let exact = String(repeating: "x", count: LogText.limit)
        #expect(LogText.of(exact, without: secrets) == exact)
    }
}
