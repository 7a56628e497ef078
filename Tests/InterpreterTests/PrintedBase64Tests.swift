import Foundation
import ImageGate
import TestSupport
import Testing

@testable import Interpreter

struct PrintedBase64Tests {
    private let png = SampleImages.png(width: 40, height: 30)

    private func shown(_ text: String) -> (text: String, types: [ImageType]) {
        var pictures: [CapturedImage] = []
        let replaced = PrintedBase64.replaced(in: Array(text.utf8), &pictures, without: .none)
        return (replaced.map { String(decoding: $0, as: UTF8.self) } ?? text, pictures.map(\.type))
    }

    private func line(_ base64: String) -> String {
        "[PNG picture of \(png.count) bytes in base64 of \(base64.count) characters: it is shown as a picture]"
    }

    @Test func `a picture in base64 is taken for one, alone, in lines and in a data URI`() {
        let base64 = Data(png).base64EncodedString()
        #expect(base64.count > 100)
        #expect(shown("a \(base64) b") == ("a \(line(base64)) b", [.png]))
        #expect(shown("\(base64)\n") == ("\(line(base64))\n", [.png]))
        let uri = shown("<img src=\"data:image/png;base64,\(base64)\">")
        #expect(uri == ("<img src=\"\(line(base64))\">", [.png]))
        let lines = Data(png).base64EncodedString(options: [.lineLength76Characters, .endLineWithLineFeed])
        let shownLines = shown("x\n\(lines)\nend")
        #expect(shownLines == ("x\n\(line(lines))\nend", [.png]))
        #expect(shown("\(base64) \(base64)").types == [.png, .png])
        #expect(shown("\(base64)\n\(lines)").types == [.png, .png])
    }

    @Test func `long base64 of anything else is named`() {
        var random = SplitMix64(state: 1)
        let bytes = (0..<3000).map { _ in UInt8.random(in: 0...255, using: &random) }
        #expect(shown("b'\(Data(bytes).base64EncodedString())'").text == "b'[3000 bytes in base64 of 4000 characters]'")
        let font = Data(bytes.prefix(90)).base64EncodedString()
        #expect(shown("url(data:font/woff2;base64,\(font))").text == "url([font/woff2 in base64 of 120 characters])")
    }

    @Test(arguments: [
        String(repeating: "a", count: 5000), String(repeating: "ACGT", count: 2000),
        String(repeating: "0f3a9c", count: 1000),
        String(repeating: "word another ", count: 500), Data("short".utf8).base64EncodedString(),
        "data:image/png;base64,AAAA",
        String(repeating: "CamelCaseName1", count: 100),
    ])
    func `other text stays`(text: String) {
        #expect(shown(text).text == text)
    }

    /// Reads pieces of output of which little is kept.
    private func kept(_ pieces: [String], limit: Int = 3000) -> (text: String, types: [ImageType]) {
        var output = CapturedOutput(limit: limit, tail: limit)
        var pictures: [CapturedImage] = []
        var stream = PrintedBase64Stream()
        for piece in pieces { stream.read(piece, into: &output, &pictures, without: .none) }
        stream.finish(into: &output, &pictures, without: .none)
        return (output.cleaned(.none).rendered(), pictures.map(\.type))
    }

    @Test(arguments: [1000, 1500, 4097, 1 << 20])
    func `a picture that is larger than the kept text is found in pieces of any size`(size: Int) {
        let large = SampleImages.png(width: 150, height: 150)
        let base64 = Data(large).base64EncodedString()
        let name = "[PNG picture of \(large.count) bytes in base64 of "
        let lines = Data(large).base64EncodedString(options: [.lineLength76Characters, .endLineWithLineFeed])
        for (text, words) in [
            ("Image:\n\(base64)\nDone", "Image:\n\(name)\(base64.count) characters: it is shown as a picture]\nDone"),
            ("data:image/png;base64,\(base64)", "\(name)\(base64.count) characters: it is shown as a picture]"),
            ("x = '\(base64)'\n", "x = '\(name)\(base64.count) characters: it is shown as a picture]'\n"),
            ("é\n\(lines)\nend", "é\n\(name)\(lines.count) characters: it is shown as a picture]\nend"),
        ] {
            let bytes = Array(text.utf8)
            let pieces = stride(from: 0, to: bytes.count, by: size).map {
                String(decoding: bytes[$0..<min($0 + size, bytes.count)], as: UTF8.self)
            }
            // A piece that is cut within a character cannot be a text.
            guard pieces.joined() == text else { continue }
            #expect(kept(pieces) == (words, [.png]), "\(text.prefix(30))")
        }
    }

    @Test(arguments: [1, 7, 79, 999])
    func `nothing is lost or changed in short pieces`(size: Int) {
        let text = "one\n" + String(repeating: "word another\n", count: 300) + Data(png).base64EncodedString() + "\nend"
        let pieces = stride(from: 0, to: text.count, by: size).map { String(text.dropFirst($0).prefix(size)) }
        let base64 = Data(png).base64EncodedString()
        #expect(kept(pieces, limit: 100_000) == (text.replacing(base64, with: line(base64)), [.png]))
    }
}
