import TestSupport
import Testing

@testable import JSON

/// Read in pieces, an object is the same as read whole.
@Suite(.timeLimit(.minutes(10))) struct JSONObjectStreamTests {
    /// What comes of an object: nil if it is refused.
    private struct Reading: Equatable {
        var content: [UInt8]?
        var rest: [UInt8]
        var hasHalfPair = false
    }

    private func streamed(_ pieces: [ArraySlice<UInt8>]) -> Reading? {
        var stream = JSONObjectStream(streaming: "file")
        var content: [UInt8] = []
        do throws(MalformedJSON) {
            for piece in pieces {
                try piece.withUnsafeBufferPointer { bytes throws(MalformedJSON) in
                    try stream.read(UnsafeRawBufferPointer(bytes), into: &content)
                }
            }
            let (phase, hasHalfPair) = (stream.phase, stream.hasHalfPair)
            let rest = try stream.finish()
            return Reading(
                content: phase == .before || hasHalfPair ? nil : content, rest: rest, hasHalfPair: hasHalfPair)
        } catch {
            return nil
        }
    }

    /// By the scanner, of the whole.
    private func scanned(_ text: [UInt8]) -> Reading? {
        text.withUnsafeBytes { bytes in
            var file: JSONValue?
            guard
                (try? JSONScanner.members(of: bytes) { key, value in
                    if file == nil, key.string == "file" { file = value }
                }) != nil, bytes.isUTF8
            else { return nil }
            guard let file, file.isString else { return Reading(content: nil, rest: text) }
            let start = file.source.baseAddress.map { UnsafeRawPointer($0) - (bytes.baseAddress ?? $0) } ?? 0
            let rest = text[...start] + text[(start + file.source.count - 1)...]
            guard let string = file.exactString else {
                return Reading(content: nil, rest: Array(rest), hasHalfPair: true)
            }
            return Reading(content: Array(string.utf8), rest: Array(rest))
        }
    }

    private static let good = [
        #"{"file":"hello"}"#, #"{"file":""}"#, #" { "a" : 1 , "file" : "x" , "b" : [1,{"file":"no"}] } "#,
        #"{"a":{"file":"no"},"file":"yes"}"#, #"{"a":["file","no"],"file":"yes","file":"later"}"#,
        #"{"file":null,"file":"later"}"#, #"{"file":7}"#, #"{"file":["x"]}"#, #"{"a":"file","b":"x"}"#, "{}",
        #"{"\u0066ile":"escaped key"}"#, #"{"fil\u0065":"x","a":"\"}{,:"}"#, #"{"filé":"x"}"#, #"{"files":"x"}"#,
        #"{"file":"\"\\\/\b\f\n\r\t\u00e9\u20AC"}"#, #"{"file":"é€😀é"}"#, #"{"file":"\ud83d\ude00 \uD83D\uDE00"}"#,
        #"{"file":"aaaaaaaaaaaaaaaaaaaaaaaaaaaa\nbbbbbbbbbbbbbbbbbbbbbbbbbbbb\\n","z":true}"#,
        #"{"file":"\ud83d"}"#, #"{"file":"\ude00x"}"#, #"{"file":"\ud83d\ud83d\ude00"}"#, #"{"file":"\ud83dx"}"#,
        #"{"file":"\ud83d\n"}"#, #"{"file":"\ud83d\\"}"#, #"{"file":"x\ud83d\u0041y"}"#, #"{"file":"\ud83d\ud83d"}"#,
        #"{"file":"\uD83D\uDE00","k":"\uD83D"}"#, #"{"\uD83D":1,"file":"x"}"#,
    ]

    private static let bad = [
        "", "{", "[]", #"["file","x"]"#, #"{"file":"x""#, #"{"file":"x"#, #"{"file":"x"}}"#, #"{"file":"x"} x"#,
        #"{"file" "x"}"#, #"{"a":01,"file":"x"}"#, #"{"a":tru,"file":"x"}"#, #"{,"file":"x"}"#, #"{"file":"\x"}"#,
        #"{"file":"\u12g4"}"#, #"{"file":"\u123"}"#, "{\"file\":\"a\nb\"}", "{\"file\":\"a\u{0}\"}",
        #"{"file":"\ud83d\u12g4"}"#, #"{"file":"\ud83d\q"}"#, #"{"a\q":1,"file":"x"}"#, #"{"file":"x",}"#,
        #"{"file":"x" "a":1}"#, #"{"a":[1,"file":"x"}"#, #"{"a":1]"file":"x"}"#, #"}{"file":"x"}"#, #"{"file":"\"#,
    ]

    /// What is not UTF-8, in the string and beside it.
    private static let broken: [[UInt8]] = {
        let sequences: [[UInt8]] = [
            [0xFF], [0xC3], [0xE2, 0x82], [0xF0, 0x9F, 0x98], [0x80], [0xC0, 0x80], [0xED, 0xA0, 0x80],
        ]
        let places: [(String, String)] = [
            (#"{"file":"a"#, #""}"#), (#"{"file":"a"#, #"bcdefghijklmnop"}"#), (#"{"file":"a"#, #"\n"}"#),
            (#"{"file":"x","b":""#, #""}"#), (#"{"b":""#, #"","file":"x"}"#),
        ]
        var texts: [[UInt8]] = []
        for sequence in sequences {
            for (before, after) in places { texts.append(Array(before.utf8) + sequence + Array(after.utf8)) }
        }
        return texts
    }()

    @Test func `every way to cut a text gives what the whole text gives`() {
        for text in (Self.good + Self.bad).map({ Array($0.utf8) }) + Self.broken {
            let expected = scanned(text)
            let shown = String(decoding: text, as: UTF8.self)
            #expect(streamed([text[...]]) == expected, "\(shown)")
            #expect(streamed(text.indices.map { text[$0...$0] }) == expected, "\(shown), byte by byte")
            for first in 0...text.count {
                for second in stride(from: first, through: text.count, by: 3) {
                    let pieces = [text[..<first], text[first..<second], text[second...]]
                    if streamed(pieces) != expected { Issue.record("\(shown) at \(first) and \(second)") }
                }
            }
        }
        #expect(Self.good.allSatisfy { scanned(Array($0.utf8)) != nil })
        #expect(Self.bad.allSatisfy { scanned(Array($0.utf8)) == nil })
        #expect(Self.broken.allSatisfy { scanned($0) == nil })
    }

    @Test func `a long text in pieces of any size is the same`() {
        var random = SplitMix64(state: 5)
        let parts = ["plain text ", "é", "€", "😀", #"\n"#, #"\u00e9"#, #"\ud83d\ude00"#, #"\\"#, #"\""#]
        for _ in 0..<20 {
            let body = (0..<2000).map { _ in parts.randomElement(using: &random) ?? "" }.joined()
            let text = Array("{\"a\": [1, 2], \"file\": \"\(body)\", \"b\": {}}".utf8)
            let expected = scanned(text)
            var rest = text[...]
            var pieces: [ArraySlice<UInt8>] = []
            while !rest.isEmpty {
                let count = Int.random(in: 1...200, using: &random)
                pieces.append(rest.prefix(count))
                rest = rest.dropFirst(count)
            }
            let isSame = streamed(pieces) == expected && expected?.content != nil
            #expect(isSame)
        }
    }

    @Test func `what is before the string is known when it begins`() throws {
        var stream = JSONObjectStream(streaming: "file")
        var content: [UInt8] = []
        for byte in #"{"a": "x", "file": ""#.utf8 {
            #expect(stream.phase == .before)
            try withUnsafeBytes(of: byte) { try stream.read($0, into: &content) }
        }
        #expect(stream.phase == .within)
        #expect(String(decoding: stream.beginning, as: UTF8.self) == #"{"a": "x", "file": ""}"#)
    }

    // MARK: - Base64

    private func decoded(_ pieces: [ArraySlice<UInt8>]) -> [UInt8]? {
        var stream = Base64Stream()
        var bytes: [UInt8] = []
        for piece in pieces {
            var piece = Array(piece)
            guard stream.decode(&piece) else {
                // There is no way back.
                var more = Array("AAAA".utf8)
                #expect(!stream.decode(&more) && more.isEmpty && stream.finish() == nil)
                return nil
            }
            bytes += piece
        }
        return stream.finish().map { bytes + $0 }
    }

    @Test func `every way to cut base64 gives what the whole gives`() {
        let texts = [
            "", "AAAA", "aGVsbG8=", "aGVsbG8h", "aA==", "aA =\n=", "aGVs\nbG8=", "=", "A", "AA", "AAA", "AA=", "A===",
            "AA=A", "AAA=A", "AAAA=", "AA==AAAA", "AA== \n", "AA==!", "A!A*=?=", "!!!!", "AAA\u{0}A", "é", "AAAA====",
            "AA==\n=", "ab-_cd-_", "a-_", "data:", "data:,aGk=", "data:;base64,", "data:;base64,aGVsbG8=",
            " DATA:text/plain;charset=utf-8;BASE64,aGVs bG8", "data:text/plain,aGk=", "data;base64,aGk=",
            "aGVsbG8gd29ybGQsIHRoaXMgaXMgbG9uZ2VyIHRoYW4gYSBibG9jayBvZiBzaXh0ZWVu",
            "aGVsbG8gd29ybGQsIHRoaX*MgaXMgbG9uZ2Vy",
        ]
        for text in texts.map({ Array($0.utf8) }) {
            var room = text
            let count = room.withUnsafeMutableBytes { Base64.decode(UnsafeRawBufferPointer($0), over: $0) }
            let expected = count.map { Array(room[..<$0]) }
            let shown = String(decoding: text, as: UTF8.self)
            #expect(decoded(text.indices.map { text[$0...$0] }) == expected, "\(shown)")
            for first in 0...text.count {
                for second in first...text.count {
                    let pieces = [text[..<first], text[first..<second], text[second...]]
                    if decoded(pieces) != expected { Issue.record("\(shown) at \(first) and \(second)") }
                }
            }
        }
    }
}
