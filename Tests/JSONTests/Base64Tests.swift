import Foundation
import TestSupport
import Testing

@testable import JSON

@Suite(.timeLimit(.minutes(10))) struct Base64Tests {
    private func decode(_ text: some Sequence<UInt8>) -> [UInt8]? {
        Array(text).withUnsafeBytes(Base64.decode)
    }

    @Test func `every length comes back`() {
        var random = SplitMix64(state: 1)
        for count in 0..<200 {
            let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
            #expect(decode(Data(bytes).base64EncodedData()) == bytes)
            let lines = Data(bytes).base64EncodedData(options: [.lineLength76Characters, .endLineWithLineFeed])
            #expect(decode(lines) == bytes)
            #expect(decode(Data(bytes).base64EncodedData().flatMap { [$0, 0x20, 0x0D] }) == bytes)
        }
    }

    @Test func `every length is encoded as Foundation does it`() {
        var random = SplitMix64(state: 3)
        for count in 0...200 {
            let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
            #expect(Base64.encode(bytes) == Data(bytes).base64EncodedString())
        }
    }

    @Test func `each pair of characters is the right one`() {
        for bits in 0..<4096 {
            let bytes = [UInt8(bits >> 4), UInt8(bits & 15) << 4 | 5, 0xA5]
            // Short, and where words are read.
            for bytes in [bytes, bytes + bytes, bytes + bytes + bytes] {
                #expect(Base64.encode(bytes) == Data(bytes).base64EncodedString())
            }
        }
    }

    @Test func `a stranger is found at every place`() {
        let alphabet = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/ \n\r\t".utf8)
        let strangers = (UInt8.min...UInt8.max).filter { !alphabet.contains($0) }
        #expect(strangers.count == 256 - 68)
        for count in stride(from: 4, through: 68, by: 4) {
            for place in 0..<count {
                var text = [UInt8](repeating: UInt8(ascii: "q"), count: count)
                for stranger in strangers {
                    text[place] = stranger
                    let isPadding = stranger == UInt8(ascii: "=") && place == count - 1
                    if (decode(text) != nil) != isPadding { Issue.record("\(stranger) at \(place) of \(count)") }
                }
            }
        }
    }

    @Test(arguments: [
        "A", "AA", "AAA", "AA=", "A===", "====", "=", "AA=A", "AAA=A", "AAAA=", "AAAA====", "AA==AAAA", "AA===",
        "AAA==",
        "AAAAA", "AA-A", "AA_A", "AAA\u{0}", "AAAé", "AAAAAAAAAAAAAAA*", "AAAAAAAAAAAAAAA",
        "data:image/png;base64,AAAA",
    ])
    func `what is not base64 is refused`(text: String) {
        #expect(decode(text.utf8) == nil)
    }

    @Test func `a mutated text is judged as Foundation does`() {
        var random = SplitMix64(state: 2)
        for _ in 0..<5000 {
            let bytes = (0..<Int.random(in: 0...60, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            var text = Array(Data(bytes).base64EncodedData())
            for _ in 0..<Int.random(in: 0...2, using: &random) where !text.isEmpty {
                let at = Int.random(in: 0..<text.count, using: &random)
                switch Int.random(in: 0...2, using: &random) {
                case 0: text[at] = UInt8.random(in: 0x21...255, using: &random)
                case 1: text.remove(at: at)
                default: text.insert(UInt8(ascii: "="), at: at)
                }
            }
            // Foundation forgives padding in odd places; we do not.
            let reference = Data(base64Encoded: Data(text)).flatMap { bytes in
                bytes.base64EncodedData().map { $0 == 0x3D } == text.map { $0 == 0x3D } ? [UInt8](bytes) : nil
            }
            #expect(decode(text) == reference, "\(String(decoding: text, as: UTF8.self))")
        }
    }
}
