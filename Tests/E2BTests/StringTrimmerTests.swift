import Foundation
import JSON
import TestSupport
import Testing

@testable import E2B

@Suite(.timeLimit(.minutes(1))) struct StringTrimmerTests {
    private static let limits = StringTrimmer.Limits(text: 40, image: 60)

    private func trim(_ text: String, pieces size: Int? = nil) -> String {
        var trimmer = StringTrimmer(Self.limits)
        let bytes = Array(text.utf8)
        var trimmed: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: size ?? bytes.count) {
            trimmed += trimmer.trim(Array(bytes[start..<min(start + (size ?? bytes.count), bytes.count)]))
        }
        return String(decoding: trimmed, as: UTF8.self)
    }

    @Test(arguments: [
        #"{"type":"stdout","text":"hello\n\u00e9 \"quoted\""}"#, "{}\n\n{}\n", "not JSON \" at all\n\"", "[[[[]]]]", "",
        #"{"a":["\\\\","\"",{"b":"\ud83e\udd8a"}],"text":null}"# + "\n" + #"{"text":"x"}"#,
        // As long as may be.
        "{\"text\":\"\(String(repeating: "x", count: 40))\"}", "{\"png\":\"\(String(repeating: "A", count: 60))\"}",
    ])
    func `what is short passes as it is`(text: String) {
        for size in [nil, 1, 2, 3, 7] where size != 0 && !text.isEmpty { #expect(trim(text, pieces: size) == text) }
    }

    @Test func `of a long text the beginning and the end stay`() throws {
        let text = (0..<100).map { "\($0 % 10)" }.joined()
        for (key, prefix) in [("text", ""), ("traceback", "\"x\":1,")] {
            let trimmed = trim("{\(prefix)\"\(key)\":\"\(text)\",\"end\":true}\n{\"text\":\"next\"}\n")
            let lines = trimmed.split(separator: "\n")
            #expect(lines.count == 2 && lines[1] == "{\"text\":\"next\"}", "\(trimmed)")
            let value = try #require(
                (JSONSerialization.jsonObject(with: Data(lines[0].utf8)) as? [String: Any])?[key] as? String)
            #expect(value.hasPrefix(text.prefix(20)) && value.hasSuffix(text.suffix(20)), "\(value)")
            let dropped = try #require(value.firstMatch(of: #/\n\[… (\d+) bytes left out while they came …\]\n/#)).1
            #expect(value.count - 39 - dropped.count + (Int(dropped) ?? 0) == 100, "\(value)")
        }
    }

    /// Wherever it is cut by the network, and wherever an escape stands.
    @Test func `the pieces make no difference, and no escape is cut`() throws {
        let atoms = ["x", #"\n"#, #"\\"#, #"\""#, #"\u00e9"#, #"\ud83e\udd8a"#, "é", "🦊"]
        var random = SystemRandomNumberGenerator()
        for _ in 0..<300 {
            let text = (0..<Int.random(in: 0...150, using: &random)).map { _ in
                atoms.randomElement(using: &random) ?? ""
            }
            let line =
                "{\"text\":\"\(text.joined())\",\"list\":[\"\(text.joined())\"],\"\(text.prefix(5).joined())\":1}\n"
            let whole = trim(line)
            for size in [1, 3, 10] { #expect(trim(line, pieces: size) == whole) }
            // A pair of surrogates may be cut, or a character of several bytes: our reader repairs both.
            #expect(throws: Never.self, "\(whole)") {
                try Array(whole.utf8).withUnsafeBytes { _ = try JSONScanner.value(of: $0) }
            }
        }
    }

    @Test func `of an image that is too long the beginning is still base64`() throws {
        let image = String(repeating: "QUJD", count: 100)
        for line in [
            "{\"type\":\"result\",\"png\":\"\(image)\"}\n",
            "{\"type\":\"result\",\"extra\":{\"image/gif\":\"\(image)\"}}\n",
        ] {
            for size in [nil, 1, 11] {
                let trimmed = Array(trim(line, pieces: size).utf8)
                guard case .event(.result(let result)) = try trimmed.withUnsafeBytes(ExecutionLine.init) else {
                    Issue.record("no result")
                    continue
                }
                #expect(try (result.png ?? result.gif)?.get().count == 45)
            }
        }
        // The same letters are a text elsewhere.
        #expect(trim("{\"text\":\"\(image)\"}").contains("left out"))
        #expect(trim("{\"extra\":{\"image/avif\":\"\(image)\"}}").contains("left out"))
        #expect(trim("{\"more\":{\"png\":\"\(image)\"}}").contains("left out"))
    }

    @Test func `a text without end takes no more than its limit`() throws {
        var reader = ExecutionReader(lineLimit: 1 << 20, stringLimits: .init(text: 1 << 16, image: 1 << 18))
        reader.append(Array(#"{"type":"stdout","text":""#.utf8))
        for _ in 0..<200 {
            reader.append([UInt8](repeating: 65, count: 100_000))
            #expect(reader.heldCount < 1 << 18)
            let event = try reader.next()
            #expect(event == nil)
        }
        reader.append(Array("\"}\n".utf8))
        guard case .stdout(let text)? = try reader.next() else {
            Issue.record("no text")
            return
        }
        #expect(text.utf8.count > 1 << 16 && text.utf8.count < 1 << 18)
        #expect(reader.heldCount == 0)
    }
}
