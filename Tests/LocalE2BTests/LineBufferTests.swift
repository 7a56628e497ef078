import Foundation
import Testing

@testable import LocalE2B

@Suite struct LineBufferTests {
    /// All lines of what a pipe delivers, and whether the buffer was content with it.
    private func lines(of text: String, limit: Int, pieceSize: Int) -> (lines: [String], isWithinLimit: Bool) {
        let pipe = Pipe()
        pipe.fileHandleForWriting.write(Data(text.utf8))
        pipe.fileHandleForWriting.closeFile()
        var buffer = LineBuffer(limit: limit, pieceSize: pieceSize)
        var lines: [String] = []
        var left = text.utf8.count
        while left > 0 {
            let isOpen = buffer.fill(from: pipe.fileHandleForReading.fileDescriptor) { line in
                lines.append(String(decoding: line, as: UTF8.self))
            }
            if !isOpen { return (lines, false) }
            left -= pieceSize
        }
        return (lines, true)
    }

    @Test(arguments: [1, 2, 3, 5, 100])
    func `lines are whole however they are read`(pieceSize: Int) {
        #expect(lines(of: "one\n\ntwo three\n", limit: 100, pieceSize: pieceSize).lines == ["one", "", "two three"])
        #expect(lines(of: "\n\n", limit: 100, pieceSize: pieceSize).lines == ["", ""])
        #expect(lines(of: "no end", limit: 100, pieceSize: pieceSize).lines.isEmpty)
    }

    @Test func `a line above the limit is refused, one at it is not`() {
        #expect(lines(of: "1234", limit: 4, pieceSize: 2).isWithinLimit)
        #expect(!lines(of: "12345", limit: 4, pieceSize: 1).isWithinLimit)
        #expect(lines(of: "1234\n1234\n", limit: 4, pieceSize: 1).lines.count == 2)
    }

    @Test func `the room of a long line is given back`() throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "lines-\(UUID())")
        defer { try? FileManager.default.removeItem(at: file) }
        let size = 32 << 20
        try (Data(repeating: UInt8(ascii: "x"), count: size) + Data("\nnext".utf8)).write(to: file)
        let handle = try FileHandle(forReadingFrom: file)
        var buffer = LineBuffer(limit: 64 << 20, pieceSize: 256 << 10)
        var sizes: [Int] = []
        while sizes.isEmpty { _ = buffer.fill(from: handle.fileDescriptor) { sizes.append($0.count) } }
        #expect(sizes == [size])
        #expect(buffer.capacity <= 1 << 20)
    }

    @Test func `the end of the pipe is the end`() {
        let pipe = Pipe()
        pipe.fileHandleForWriting.closeFile()
        var buffer = LineBuffer(limit: 1, pieceSize: 1)
        #expect(!buffer.fill(from: pipe.fileHandleForReading.fileDescriptor) { _ in })
    }
}
