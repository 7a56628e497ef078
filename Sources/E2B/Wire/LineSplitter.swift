internal import Glibc

/// Cuts a stream into lines, however it arrives.
///
/// A line of many chunks is searched once, because `searched` remembers how far. A chunk of whole lines is not copied, and a line
/// of many chunks is copied once, when its end has come.
struct LineSplitter {
    struct LineTooLong: Error {}

    /// The largest number of bytes in a line, without its newline.
    let limit: Int
    private var held: [UInt8] = []
    /// Where the next line begins.
    private var start = 0
    /// There is no newline between `start` and here.
    private var searched = 0
    /// The chunks that follow `held` if it ends within a line. They belong to that line, whose end has not come.
    private var pieces: [[UInt8]] = []
    private var piecesCount = 0

    init(limit: Int) { self.limit = limit }

    /// The number of bytes that wait for the end of their line.
    var heldCount: Int { held.count - start + piecesCount }

    mutating func append(_ chunk: [UInt8]) {
        guard heldCount > 0 else {
            (held, start, searched) = (chunk, 0, 0)
            return
        }
        if searched == held.count, chunk.firstNewline(from: 0) == nil {
            keep(chunk)
        } else {
            join(chunk)
        }
    }

    /// Adds a chunk to the pieces. Small ones are joined, because an array takes more memory than its bytes.
    private mutating func keep(_ chunk: [UInt8]) {
        piecesCount += chunk.count
        if let last = pieces.indices.last, pieces[last].count < Self.pieceSize {
            pieces[last] += chunk
        } else {
            pieces.append(chunk)
        }
    }

    private static let pieceSize = 64 << 10

    /// Joins all that is held, and the chunk, in one array.
    private mutating func join(_ chunk: [UInt8]) {
        var joined: [UInt8] = []
        joined.reserveCapacity(heldCount + chunk.count)
        joined += held[start...]
        for piece in pieces { joined += piece }
        searched = searched - start + piecesCount
        joined += chunk
        (held, start, pieces, piecesCount) = (joined, 0, [], 0)
    }

    /// Reads the next line if its end has arrived.
    ///
    /// - Throws: ``LineTooLong``, also for a line whose end has not arrived, and what `read` throws.
    mutating func next<R>(_ read: (UnsafeRawBufferPointer) throws -> R) throws -> R? {
        guard let end = held.firstNewline(from: searched) else {
            // The buffer is freed, because the last line may have been a large image, and the next one may come much later.
            if heldCount == 0 { (held, start) = ([], 0) }
            searched = held.count
            if heldCount > limit { throw LineTooLong() }
            return nil
        }
        guard end - start <= limit else { throw LineTooLong() }
        let line = start..<end
        start = end + 1
        searched = start
        return try held.withUnsafeBytes { try read(UnsafeRawBufferPointer(rebasing: $0[line])) }
    }

    /// Reads what came after the last newline.
    mutating func last<R>(_ read: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
        join([])
        defer { start = held.count }
        return try held.withUnsafeBytes { try read($0) }
    }
}

extension [UInt8] {
    fileprivate func firstNewline(from start: Int) -> Int? {
        withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress, start < bytes.count else { return nil }
            let newline = memchr(base + start, CInt(UInt8(ascii: "\n")), bytes.count - start)
            return newline.map { UnsafeRawPointer($0) - base }
        }
    }
}
