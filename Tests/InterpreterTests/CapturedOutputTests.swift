import Synchronization
import Testing

@testable import Interpreter

struct CapturedOutputTests {
    private let none = SecretRedactor.none

    private func captured(_ parts: String..., limit: Int = 1 << 20) -> CapturedOutput {
        var captured = CapturedOutput(limit: limit)
        for part in parts { captured.append(part) }
        return captured
    }

    private func shown(_ captured: CapturedOutput, _ secrets: [String: String] = [:]) async -> String {
        await captured.shown(SecretRedactor(secrets)) { _ in "/tmp/whole.txt" }
    }

    @Test func `nothing is nothing`() async {
        #expect(await shown(captured()) == "")
        #expect(captured().isEmpty)
        #expect(!captured("x").isEmpty)
    }

    @Test(arguments: [1, 9999, 10_000]) func `up to the limit it is whole, and nothing is saved`(count: Int) async {
        let text = String(repeating: "ä", count: count)
        let shown = await captured(text).shown(none) { _ in
            Issue.record("saved")
            return nil
        }
        #expect(shown == text)
    }

    @Test func `past the limit the middle is left out, and the whole of it saved`() async {
        let text =
            String(repeating: "a", count: 2000) + String(repeating: "m", count: 2001)
            + String(repeating: "z", count: 6000)
        let saved = Mutex<[UInt8]>([])
        let shown = await captured(text).shown(none) { whole in
            saved.withLock { $0 = whole }
            return "/tmp/whole.txt"
        }
        #expect(
            shown == String(repeating: "a", count: 2000)
                + "\n[… 2001 characters left out here; the whole is in /tmp/whole.txt …]\n"
                + String(repeating: "z", count: 6000))
        #expect(saved.withLock { $0 } == Array(text.utf8))
    }

    @Test func `where it could not be saved no place is named`() async {
        let shown = await captured(String(repeating: "x", count: 10_001)).shown(none) { _ in nil }
        #expect(shown.contains("\n[… 2001 characters left out here …]\n"))
    }

    @Test(arguments: ["ä", "🦊", "👨‍👩‍👧‍👦", "e\u{301}"]) func `a cut is between two scalars`(character: String) async {
        // At every offset to the cut's place.
        for offset in 0..<8 {
            let text = String(repeating: "x", count: offset) + String(repeating: character, count: 12_000)
            let shown = await shown(captured(text))
            #expect(!shown.unicodeScalars.contains("\u{fffd}"))
            #expect(shown.unicodeScalars.count < 8200)
        }
    }

    @Test func `characters that were cut into appends are whole again`() async {
        var captured = CapturedOutput(limit: 1000)
        let text = "ä🦊👨‍👩‍👧‍👦 done"
        for byte in text.utf8 { captured.append([byte][...]) }
        #expect(await shown(captured) == text)
    }

    @Test func `bytes that are no text are replaced`() async {
        var captured = CapturedOutput(limit: 1000)
        captured.append([0x61, 0xff, 0xc3, 0x62][...])
        #expect(await shown(captured) == "a\u{fffd}\u{fffd}b")
    }

    @Test func `terminal escapes and NUL are taken out`() async {
        #expect(await shown(captured("\u{1b}[3", "1mred\u{1b}[0m\0!")) == "red!")
    }

    // MARK: - Secrets

    @Test func `a hidden value is masked, also where it came in pieces`() async {
        let secret = "s3cret-value"
        for cut in 0...secret.count {
            let shown = await shown(
                captured("<" + secret.prefix(cut), secret.dropFirst(cut) + ">"), ["TOKEN": secret])
            #expect(shown == "<[hidden:TOKEN]>")
        }
    }

    @Test func `a hidden value with terminal escapes in it is masked`() async {
        #expect(await shown(captured("s3cret\u{1b}[0m-value"), ["TOKEN": "s3cret-value"]) == "[hidden:TOKEN]")
    }

    @Test func `a hidden value across what is shown is masked`() async {
        let secret = "s3cret-value"
        // Around the end of the beginning, and the beginning of the end.
        for place in Array(1980...2010) + Array(5980...6030) {
            let text = String(repeating: "x", count: place) + secret + String(repeating: "x", count: 12_000 - place)
            let shown = await shown(captured(text), ["TOKEN": secret])
            for length in 3...secret.count { #expect(!shown.contains(secret.prefix(length)), "at \(place)") }
            let mirrored = await self.shown(captured(String(text.reversed())), ["TOKEN": String(secret.reversed())])
            #expect(!mirrored.contains("eulav") && !mirrored.contains("terc3s"), "at \(place)")
        }
    }

    @Test func `a hidden value across the limit of what is kept is masked`() async {
        let secret = "s3cret-value"
        for cut in 0...secret.count {
            let beginning = String(repeating: "x", count: 1000 - cut) + secret
            // All of it is still there, or not any more.
            for rest in [0, 100, 5000, 60_000, 200_000, 1_000_000] {
                let shown = await shown(
                    captured(beginning, String(repeating: "y", count: rest), limit: 1000), ["TOKEN": secret])
                #expect(!shown.contains("s3c") && !shown.contains("lue"), "cut \(cut), rest \(rest)")
            }
        }
    }

    @Test func `a hidden value at the gap is masked, whatever stands between its letters`() async {
        let secret = "s3cret-value"
        // So much that all that is kept of it is shown, from where it was cut.
        let escapes = String(repeating: "\u{1b}[0m", count: 20)
        let disguised = secret.map { "\($0)\(escapes)" }.joined()
        let shown = await shown(
            captured(String(repeating: disguised, count: 1000), limit: 1500), ["TOKEN": secret])
        let rest = shown.replacing("[hidden:TOKEN]", with: "").replacing("/tmp/whole.txt", with: "")
        #expect(!rest.contains("s3") && !rest.contains("lu"), "\(rest)")
    }

    @Test(arguments: [130_000, 400_000])
    func `of a long output no more than its ends is looked at, and nothing leaks there`(
        size: Int
    ) async {
        let secret = "s3cret-value"
        for shift in 0..<24 {
            // A value at every place: whichever end a window has, one is across it.
            let text = String(repeating: "z", count: shift) + String(repeating: secret + "..", count: size / 14)
            for escapes in ["", String(repeating: "\u{1b}[1m", count: 15_000)] {
                let shown = await shown(captured(escapes, text, escapes), ["TOKEN": secret])
                let rest = shown.replacing("[hidden:TOKEN]", with: "")
                #expect(!rest.contains("s3c") && !rest.contains("alue"), "\(shift): \(rest.suffix(300))")
            }
        }
    }

    @Test func `what is left out of a long output is counted`() async {
        let shown = await shown(captured(String(repeating: "ä", count: 500_000)))
        #expect(shown.contains("\n[… 492000 characters left out here; the whole is in /tmp/whole.txt …]\n"))
    }

    // MARK: - Output without end

    @Test func `of output without end the beginning and the end are kept`() async {
        var captured = CapturedOutput(limit: 100_000)
        captured.append("begin\n")
        for number in 0..<200_000 { captured.append("line \(number)\n") }
        #expect(captured.kept.count == 100_000)
        let saved = Mutex(0)
        let shown = await captured.shown(none) { beginning in
            saved.withLock { $0 = beginning.count }
            return "/tmp/beginning.txt"
        }
        #expect(shown.hasPrefix("begin\nline 0\n"))
        #expect(shown.hasSuffix("line 199998\nline 199999\n"))
        #expect(
            shown.contains(
                "\n[… more characters than are kept left out here; the beginning is in /tmp/beginning.txt …]\n"))
        #expect(shown.unicodeScalars.count < 8200)
        #expect(saved.withLock { $0 } == 100_000)
    }

    @Test(arguments: [999, 1000, 1001, 9000]) func `what is all there is shown as all there is`(count: Int) async {
        let text = String((0..<count).map { Character(Unicode.Scalar(UInt8(97 + $0 % 26))) })
        #expect(await shown(captured(text, limit: 1000)) == text)
    }
}
