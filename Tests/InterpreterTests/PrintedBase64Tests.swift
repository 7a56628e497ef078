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
}
