internal import Foundation
internal import System

/// Splits the bytes of a descriptor into lines.
struct LineBuffer {
    private var bytes: [UInt8] = []
    /// The number of bytes that are known to have no newline, and need not be searched again.
    private var searched = 0
    private let limit: Int
    /// The capacity that is kept. More than that, for a long line, is freed after the line.
    private static let usualCapacity = 1 << 20
    /// The buffer that is read into first. It is on the heap, because the threads that read have small stacks.
    private var piece: [UInt8]

    init(limit: Int, pieceSize: Int) {
        self.limit = limit
        piece = [UInt8](repeating: 0, count: pieceSize)
    }

    /// The bytes that the buffer has allocated.
    var capacity: Int { bytes.capacity }

    /// Reads once. False at the end, after an error, and for a line above the limit.
    mutating func fill(from descriptor: CInt, line: (ArraySlice<UInt8>) -> Void) -> Bool {
        let count = uninterrupted { read(descriptor, &piece, piece.count) }
        guard count > 0 else { return false }
        bytes.append(contentsOf: piece[..<count])
        var start = 0
        while let newline = newline(from: max(start, searched)) {
            line(bytes[start..<newline])
            start = newline + 1
            searched = start
        }
        bytes.removeFirst(start)
        if bytes.capacity > Self.usualCapacity, bytes.count < bytes.capacity / 4 {
            // A copy allocates only what it holds.
            bytes = bytes.withUnsafeBufferPointer { Array($0) }
        }
        searched = bytes.count
        return bytes.count <= limit
    }

    /// Searches with `memchr`, because the line of a figure can be 10 MB long.
    private func newline(from start: Int) -> Int? {
        bytes.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress, start < bytes.count else { return nil }
            guard let hit = memchr(base + start, CInt(UInt8(ascii: "\n")), bytes.count - start) else { return nil }
            return UnsafeRawPointer(hit) - base
        }
    }
}
