internal import Foundation

/// Cuts what a descriptor delivers into lines.
struct LineBuffer {
    private var bytes: [UInt8] = []
    /// Bytes without a newline in them: they are not searched again.
    private var searched = 0
    private let limit: Int
    /// Room that is kept for what comes next. More, for a long line, is given back when the line is over.
    private static let usualCapacity = 1 << 20
    /// Read into first. On the heap: the threads that read have small stacks.
    private var piece: [UInt8]

    init(limit: Int, pieceSize: Int) {
        self.limit = limit
        piece = [UInt8](repeating: 0, count: pieceSize)
    }

    /// Bytes it holds room for.
    var capacity: Int { bytes.capacity }

    /// Reads once. False: the end, an error, or a line above the limit.
    mutating func fill(from descriptor: CInt, line: (ArraySlice<UInt8>) -> Void) -> Bool {
        let count = read(descriptor, &piece, piece.count)
        if count > 0 { bytes.append(contentsOf: piece[..<count]) }
        if count < 0 { return errno == EINTR }
        if count == 0 { return false }
        var start = 0
        while let newline = newline(from: max(start, searched)) {
            line(bytes[start..<newline])
            start = newline + 1
            searched = start
        }
        bytes.removeFirst(start)
        if bytes.capacity > Self.usualCapacity, bytes.count < bytes.capacity / 4 {
            // A copy has room for no more than there is.
            bytes = bytes.withUnsafeBufferPointer { Array($0) }
        }
        searched = bytes.count
        return bytes.count <= limit
    }

    /// `memchr`: a figure's line can be 10 MB long.
    private func newline(from start: Int) -> Int? {
        bytes.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress, start < bytes.count else { return nil }
            guard let hit = memchr(base + start, CInt(UInt8(ascii: "\n")), bytes.count - start) else { return nil }
            return UnsafeRawPointer(hit) - base
        }
    }
}
