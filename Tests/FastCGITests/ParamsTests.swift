import TestSupport
import Testing

@testable import FastCGI

@Suite
struct ParamsTests {
    private func read(_ bytes: [UInt8]) -> [String: String]? { bytes.withUnsafeBytes { Params.read($0) } }

    @Test(arguments: [0, 1, 127, 128, 255, 256, 60_000], [0, 1, 127, 128, 255, 256, 60_000])
    func `names and values of any length are read`(name: Int, value: Int) {
        let (name, value) = (String(repeating: "n", count: name), String(repeating: "v", count: value))
        let pair = WebServer.pair(Array(name.utf8), Array(value.utf8))
        #expect(read(pair) == [name: value])
        #expect(read(pair + WebServer.pair([65], [66])) == [name: value, "A": "B"])
    }

    @Test func `a short length may be written long`() {
        #expect(read([0x80, 0, 0, 1, 0x80, 0, 0, 2, 65, 66, 67]) == ["A": "BC"])
    }

    @Test(
        arguments: [
            [1], [1, 1], [1, 1, 65], [0x80], [0x80, 0, 0], [0x80, 0, 0, 1], [1, 0x80, 0, 0], [1, 2, 65, 66],
            [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 65], [0, 0, 0], [0, 1],
        ] as [[UInt8]])
    func `lengths that do not add up are refused`(bytes: [UInt8]) {
        #expect(read(bytes) == nil)
        #expect(read(WebServer.pair([65], [66]) + bytes) == nil)
    }

    @Test func `every part of a pair that is cut off is refused`() {
        let pair = WebServer.pair(Array("NAME".utf8), [UInt8](repeating: 66, count: 200))
        for count in 1..<pair.count { #expect(read(Array(pair.prefix(count))) == nil) }
        #expect(read([]) == [:])
    }
}
