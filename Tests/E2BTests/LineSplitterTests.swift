import Testing

@testable import E2B

struct LineSplitterTests {
    /// All lines, and what comes after the last newline.
    private func lines(of stream: [UInt8], in sizes: [Int], limit: Int = 1 << 20) throws -> [[UInt8]] {
        var splitter = LineSplitter(limit: limit)
        var lines: [[UInt8]] = []
        var (start, turn) = (0, 0)
        while start < stream.count {
            let end = min(start + sizes[turn % sizes.count], stream.count)
            splitter.append(Array(stream[start..<end]))
            while let line = try splitter.next({ Array($0) }) { lines.append(line) }
            (start, turn) = (end, turn + 1)
        }
        return lines + [splitter.last { Array($0) }]
    }

    @Test func `however a stream arrives its lines are the same`() throws {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<100 {
            var stream: [UInt8] = []
            for _ in 0..<Int.random(in: 0...8, using: &random) {
                let length = [0, 1, 10, 1000, 100_000].randomElement(using: &random) ?? 0
                stream += (0..<length).map { UInt8(truncatingIfNeeded: $0) | 0x20 }
                if Bool.random(using: &random) { stream.append(UInt8(ascii: "\n")) }
            }
            let expected = stream.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map(Array.init)
            let sizes = (0..<5).map { _ in
                Int.random(in: 1...[3, 2000, 200_000][Int.random(in: 0..<3)], using: &random)
            }
            #expect(try lines(of: stream, in: sizes) == expected, "\(sizes)")
        }
    }

    @Test func `what waits for its end is counted, and a line too long is refused before it`() throws {
        var splitter = LineSplitter(limit: 100_000)
        splitter.append(Array("one\ntw".utf8))
        #expect(try splitter.next { Array($0) } == Array("one".utf8))
        #expect(try splitter.next { Array($0) } == nil)
        #expect(splitter.heldCount == 2)
        for turn in 1...9 {
            splitter.append([UInt8](repeating: 65, count: 10_000))
            #expect(try splitter.next { Array($0) } == nil)
            #expect(splitter.heldCount == 2 + turn * 10_000)
        }
        splitter.append([UInt8](repeating: 65, count: 10_000))
        #expect(throws: LineSplitter.LineTooLong.self) { try splitter.next { Array($0) } }
        // An end that comes with too much is too late.
        splitter.append([UInt8(ascii: "\n")])
        #expect(throws: LineSplitter.LineTooLong.self) { try splitter.next { Array($0) } }
    }
}
