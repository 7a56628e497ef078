import Testing

@testable import Interpreter

/// What is left of output that a terminal would show as something else than its bytes.
struct TerminalTests {
    private func shown(_ pieces: [[UInt8]], secrets: SecretRedactor = .none) async -> String {
        var output = CapturedOutput(ofTerminal: 1 << 20, without: secrets)
        for piece in pieces { output.append(piece[...]) }
        return await output.shown(secrets) { _ in nil }
    }

    private func shown(_ text: String) async -> String { await shown([Array(text.utf8)]) }

    private static let samples: [(String, String)] = [
        ("plain\ntext\n", "plain\ntext\n"), ("a\tb\n", "a\tb\n"),
        // Carriage returns.
        ("0%\r50%\r100%\n", "100%\n"), ("a\r\nb\r\n", "a\nb\n"), ("a\r\r\nb", "a\nb"), ("abc\rx", "xbc"),
        ("abc\r", "abc"),
        ("first\n\r10%\r20%", "first\n20%"), ("\r|#  | 1\r|## | 2\r|###| 3\nend", "|###| 3\nend"),
        // Backspaces.
        ("|\u{8}/\u{8}-\u{8}\\\u{8} done", " done"), ("ab\u{8}\u{8}\u{8}c", "cb"), ("é\u{8}x", "x"),
        // Erasing.
        ("long text\r\u{1b}[Kshort\n", "short\n"), ("abc\u{1b}[2K\rx", "x"), ("abc\u{1b}[1Kx", "   x"),
        ("one\ntwo\u{1b}[2Jthree", "three"), ("one\n\u{1b}[H\u{1b}[2J\u{1b}[3Jtwo", "two"),
        ("a\nb\u{1b}[A\u{1b}[Jc", "ac"),
        ("one\ntwo\n\u{1b}c", ""), ("abcdef\r\u{1b}[3P", "def"), ("abc\r\u{1b}[2@", "  abc"),
        ("abcdef\r\u{1b}[2X", "  cdef"),
        // Moving.
        ("a: 0\nb: 0\n\u{1b}[2A\ra: 9\n\nend", "a: 9\nb: 0\nend"), ("x\u{1b}[5Gy", "x   y"), ("ab\u{1b}[1Dc", "ac"),
        ("a\nb\u{1b}[Fc", "c\nb"), ("one\n\u{1b}7two\u{1b}8x", "one\nxwo"),
        ("a\u{1b}[10;3Hb", "a\n\n\n\n\n\n\n\n\n  b"),
        // What only colours, names or switches.
        ("\u{1b}[31mred\u{1b}[0m", "red"), ("\u{1b}]0;title\u{7}a", "a"), ("\u{1b}]8;;http://x\u{1b}\\link", "link"),
        ("\u{1b}[?25lx\u{1b}[?25h", "x"), ("a\u{0}b\u{7}", "ab"), ("\u{1b}(Bc", "c"), ("\u{1b}=k\u{1b}>", "k"),
        // 8-bit controls.
        ("\u{9b}31mred\u{9b}0m", "red"), ("ab\r\u{9b}Kc", "c"), ("\u{9d}0;title\u{9c}a", "a"), ("a\u{85}b", "a\nb"),
        // Wide characters and marks.
        ("下载 10%\r完成", "完成 10%"), ("abcd\r完", "完cd"), ("完x\ra", "a x"), ("e\u{301}x\ra", "ax"), ("🟩⬜\r🟩🟩", "🟩🟩"),
        // Sequences without an end.
        ("a\u{1b}", "a"), ("a\u{1b}[", "a"), ("a\u{1b}]0;title\nb", "a\nb"), ("a\u{1b}é", "aé"),
    ]

    @Test(arguments: samples) func `output is what a terminal shows in the end`(output: String, text: String) async {
        #expect(await shown(output) == text)
        #expect(output.withoutTerminalEscapes == text)
    }

    @Test func `it does not matter where the output is cut`() async {
        for (output, text) in Self.samples {
            let bytes = Array(output.utf8)
            #expect(await shown(bytes.map { [$0] }) == text, "\(output.debugDescription)")
            for place in bytes.indices {
                let cut = await shown([Array(bytes[..<place]), Array(bytes[place...])])
                if cut != text { Issue.record("\(output.debugDescription) at \(place): \(cut.debugDescription)") }
            }
        }
    }

    @Test func `an 8-bit control outside UTF-8 is one, and within a character it is not`() async {
        #expect(await shown([[0x61, 0x9b, 0x33, 0x31, 0x6d, 0x62]]) == "ab")
        #expect(await shown("雛\u{30db}\u{16db}") == "雛\u{30db}\u{16db}")
    }

    @Test func `a bar of thousands of states leaves the last one, and what was before stays`() async {
        var output = CapturedOutput(ofTerminal: 1000, tail: 100, without: .none)
        output.append("begin\n")
        for state in 0...5000 { output.append("\rtrain: \(state)/5000 \(String(repeating: "#", count: state / 100))") }
        output.append("\nend\n")
        let bar = "train: 5000/5000 " + String(repeating: "#", count: 50)
        #expect(await output.shown(.none) { _ in nil } == "begin\n\(bar)\nend\n")
    }

    @Test(.timeLimit(.minutes(2))) func `no output is slow to read or large to hold`() async {
        for piece in [
            "\u{1b}[999B\u{1b}[999C#\u{1b}[1K", "\rabcde", "\u{1b}[50L", "\u{1b}[2J", "#\u{1b}[511Cx\u{1b}[@",
        ] {
            var output = CapturedOutput(
                ofTerminal: 1 << 16, tail: 1 << 10, without: SecretRedactor(["KEY": "s3cret-value"]))
            let text = String(repeating: piece, count: 60)
            for _ in 0..<10 { output.append(text) }
            #expect(output.kept.count <= 1 << 16)
        }
    }

    @Test func `a secret that is partly overwritten is masked`() async {
        let secrets = SecretRedactor(["KEY": "s3cret-value"])
        for output in ["s3cret-value\rxx\n", "s3cret-value\u{8}\u{8}yy\n", "a s3cret-value\u{1b}[3Gzz\n"] {
            let text = await shown([Array(output.utf8)], secrets: secrets)
            #expect(!text.contains("cret-val"), "\(text)")
        }
    }

    @Test func `a long text after a bar is kept as it is`() async {
        let long = String(repeating: "x", count: 9000)
        #expect(await shown([Array("1\r2\n".utf8), Array(long.utf8), Array("\r3".utf8)]).hasPrefix("2\nxxx"))
    }
}
