import Foundation
import ImageGate
import JSON
import LibreChat
import Testing

struct ToolContentTests {
    private func image(_ bytes: [UInt8], _ type: ImageType = .png) -> AdmittedImage {
        AdmittedImage(
            bytes: bytes, type: type, width: 1, height: 1, originalWidth: 1, originalHeight: 1, treatment: .passed)
    }

    @Test func `without images it is the two-element array with an empty content`() {
        let json = ToolContent(text: "hello").encoded()
        #expect(String(decoding: json, as: UTF8.self) == #"[[{"type":"text","text":"hello"}],{"content":[]}]"#)
    }

    @Test func `images are data URIs in order, with the type of their bytes`() {
        let json = ToolContent(text: "", images: [image([1, 2, 3]), image([255], .jpeg)]).encoded()
        let expected =
            #"[[{"type":"text","text":""}],{"content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,AQID"}},"#
            + #"{"type":"image_url","image_url":{"url":"data:image/jpeg;base64,/w=="}}]}]"#
        #expect(String(decoding: json, as: UTF8.self) == expected)
    }

    @Test func `every scalar below U+0100 and beyond survives a JSON parser`() throws {
        let text = String(String.UnicodeScalarView((0...0xff).compactMap(Unicode.Scalar.init))) + "\u{2028} 日本語 🎉 \"\\"
        let json = try JSONSerialization.jsonObject(with: Data(ToolContent(text: text).encoded()))
        let parts = try #require((json as? [Any])?.first as? [[String: String]])
        #expect(parts.first?["text"] == text)
    }

    @Test(arguments: 0...70) func `base64 is what Foundation makes of the same bytes`(count: Int) {
        let bytes = (0..<count).map { _ in UInt8.random(in: .min ... .max) }
        var ours: [UInt8] = [UInt8(ascii: "x")]
        ours.append(base64: bytes)
        #expect(String(decoding: ours, as: UTF8.self) == "x" + Data(bytes).base64EncodedString())
    }
}
