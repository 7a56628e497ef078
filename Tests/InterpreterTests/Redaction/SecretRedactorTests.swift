import Interpreter
import Testing

struct SecretRedactorTests {
    private let secrets = SecretRedactor(["TOKEN": "s3cret-value", "PASS": "pass wörd 🦊"])

    // MARK: - Against plain search

    /// Plain values, which have no forms that overlap others.
    private static func secrets(_ values: [String]) -> [String: String] {
        Dictionary(uniqueKeysWithValues: values.enumerated().map { ("V\($0)", $1) })
    }

    /// Every occurrence of every value by plain comparison; those that overlap have one mask each and no letter in common.
    private static func reference(_ text: [UInt8], _ secrets: [String: String]) -> String {
        var finds: [(start: Int, end: Int, name: String)] = []
        for start in text.indices {
            for (name, value) in secrets where text[start...].starts(with: value.utf8) {
                finds.append((start, start + value.utf8.count, name))
            }
        }
        finds.sort { ($0.start, $1.end, $0.name) < ($1.start, $0.end, $1.name) }
        var result: [UInt8] = []
        var copied = 0
        var last = ""
        for find in finds where find.end > copied {
            result += text[copied..<max(copied, find.start)]
            if last != find.name || find.start >= copied { result += "[hidden:\(find.name)]".utf8 }
            (copied, last) = (find.end, find.name)
        }
        return String(decoding: result + text[copied...], as: UTF8.self)
    }

    @Test(arguments: 0..<60) func `random texts come out as plain search leaves them`(seed: UInt64) {
        var random = Generator(state: seed)
        // Two letters: values are found in each other, in themselves and side by side.
        let letters = seed % 3 == 0 ? Array("ab".utf8) : Array("abcxyz01-_".utf8)
        func word(_ count: Int) -> [UInt8] { (0..<count).map { _ in letters.randomElement(using: &random) ?? 0 } }
        let values = Set(
            (0..<Int.random(in: 1...20, using: &random)).map { _ in
                String(decoding: word(.random(in: 6...14, using: &random)), as: UTF8.self)
            })
        let secrets = Self.secrets(values.sorted())
        let redactor = SecretRedactor(secrets)
        var text: [UInt8] = []
        while text.count < 600 {
            text += word(.random(in: 0...9, using: &random))
            text +=
                values.sorted().randomElement(using: &random)?.utf8.prefix(.random(in: 1...14, using: &random))
                ?? "".utf8.prefix(0)
        }
        #expect(
            redactor.redacted(String(decoding: text, as: UTF8.self)) == Self.reference(text, secrets), "\(secrets)")
    }

    @Test func `a value is found at every place of a text, and at its ends`() {
        for before in 0..<40 {
            for after in 0..<8 {
                let (start, end) = (String(repeating: ".", count: before), String(repeating: ".", count: after))
                #expect(secrets.redacted("\(start)s3cret-value\(end)") == "\(start)[hidden:TOKEN]\(end)")
                #expect(secrets.redacted("\(start)pass%20w%c3%b6rd+🦊\(end)") == "\(start)[hidden:PASS]\(end)")
            }
        }
    }

    @Test func `a part of a value is no value`() {
        for count in 0..<12 {
            let part = String("s3cret-value".prefix(count))
            #expect(secrets.redacted(part) == part)
            #expect(
                secrets.redacted("\(part) \(part)%\(part)\\\(part)&\(part)=\(part)")
                    == "\(part) \(part)%\(part)\\\(part)&\(part)=\(part)")
        }
    }

    @Test func `a value whose character is escaped is found wherever that character is`() {
        let value = "s3cret-value"
        for (number, character) in value.utf8.enumerated() {
            let hex = String(character, radix: 16)
            for escape in [
                "%\(hex)", "%25\(hex)", "\\x\(hex)", "\\u00\(hex)", "&#x\(hex);", "&#\(character);", "=\(hex)",
            ] {
                let form = value.prefix(number) + escape + value.dropFirst(number + 1)
                #expect(secrets.redacted("<\(form)>") == "<[hidden:TOKEN]>", "\(form)")
            }
        }
    }

    // MARK: - Which secrets

    @Test func `a value that contains another is masked whole`() {
        let secrets = SecretRedactor(["A": "abcdef", "B": "abcdefgh"])
        #expect(secrets.redacted("abcdefgh abcdef") == "[hidden:B] [hidden:A]")
    }

    @Test func `of two values that overlap nothing is left`() {
        let secrets = SecretRedactor(["A": "xxabcdef", "B": "abcdefghij"])
        #expect(secrets.redacted("<xxabcdefghij>") == "<[hidden:A][hidden:B]>")
    }

    @Test func `values of fewer than six bytes are left alone`() {
        let secrets = SecretRedactor(["SHORT": "abcde", "LONG": "abcdef"])
        #expect(secrets.redacted("abcde abcdef") == "abcde [hidden:LONG]")
        #expect(SecretRedactor.none.redacted("abcdef") == "abcdef")
    }

    @Test func `a long value has one mask, and its parts are masked as well`() {
        var random = Generator(state: 1)
        let letters = Array("abcdefghijklmnopqrstuvwxyz0123456789".utf8)
        let value = String(decoding: (0..<5000).map { _ in letters.randomElement(using: &random) ?? 0 }, as: UTF8.self)
        let secrets = SecretRedactor(["LONG": value])
        #expect(secrets.redacted("<\(value)>") == "<[hidden:LONG]>")
        #expect(secrets.longest < 20_000)
        #expect(secrets.redacted(String(value.dropFirst(1000))).contains("[hidden:LONG]"))
    }

    @Test func `white space in a value may be any, and any number`() {
        for blanks in [
            " ", "\n", "\r\n    ", "\t", "  ", "\u{a0}", "+", "%20", "&nbsp;", "&#160;", "\\ ", "\\n", "\\u00a0",
        ] {
            let form = "pass\(blanks)wörd\(blanks)🦊"
            #expect(secrets.redacted("<\(form)>") == "<[hidden:PASS]>", "\(form)")
        }
        // A value that is nothing but spaces would then be everywhere.
        #expect(SecretRedactor(["A": "a b c"]).redacted("a b c") == "a b c")
        #expect(SecretRedactor(["A": "a     b"]).redacted("a b, a     b") == "a b, [hidden:A]")
    }

    // MARK: - What is left alone

    @Test func `ordinary text with many secrets stays as it is`() throws {
        var random = Generator(state: 7)
        var values: [String: String] = [:]
        for number in 0..<20 {
            let value = (0..<6).map { _ in UInt8.random(in: 33...126, using: &random) }
            values["V\(number)"] = String(decoding: value, as: UTF8.self)
        }
        let secrets = SecretRedactor(values)
        for alphabet in [
            "0123456789abcdef", "0123456789 ", "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
        ] {
            let letters = Array(alphabet.utf8)
            let text = (0..<30_000).map { _ in letters.randomElement(using: &random) ?? 0 }
            #expect(secrets.redacted(text) == text)
        }
    }

    @Test func `bytes that are no text are looked through as well`() {
        let bytes: [UInt8] = [0xff, 0xc3] + Array("s3cret-value".utf8) + [0xc3, 0x00, 0xfe]
        #expect(secrets.redacted(bytes) == [0xff, 0xc3] + Array("[hidden:TOKEN]".utf8) + [0xc3, 0x00, 0xfe])
        #expect(secrets.nameOfSecret(in: bytes) == "TOKEN")
        #expect(secrets.nameOfSecret(in: Array("s3cret-valu".utf8)) == nil)
        let utf16: [UInt8] = "pass wörd 🦊".utf16.flatMap { [UInt8($0 & 0xff), UInt8($0 >> 8)] }
        #expect(secrets.nameOfSecret(in: [0xff, 0xfe] + utf16) == "PASS")
        #expect(SecretRedactor(["A": "wörterbuch"]).nameOfSecret(in: [0x77, 0xf6] + Array("rterbuch".utf8)) == "A")
    }

    @Test(arguments: [
        "%", "%25", "\\", "&amp;", "&amp;#", "=", "'", "\"'", "\n", "?", "\u{fffd}", "+", "&#x7", "\\u00", "%u0",
    ])
    func `a text of nothing but beginnings of escapes ends`(part: String) {
        let text = String(repeating: part, count: 3000)
        #expect(secrets.redacted(text) == text)
        #expect(secrets.redacted(text + "s3cret-value").hasSuffix("[hidden:TOKEN]"))
    }
}

/// SplitMix64: the same numbers in every run.
struct Generator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
        return mixed ^ mixed >> 31
    }
}
