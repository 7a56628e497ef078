internal import Glibc

/// Cuts a stream into lines, however it arrives.
///
/// A line of many chunks is searched once: `searched` remembers how far. A chunk of whole lines is not copied, and a line of
/// many chunks once, when its end has come.
struct LineSplitter {
    struct LineTooLong: Error {}

    /// Bytes in a line, without its newline.
    let limit: Int
    private var held: [UInt8] = []
    /// Where the next line begins.
    private var start = 0
    /// There is no newline between `start` and here.
    private var searched = 0
    /// What follows `held`, which then is the beginning of a line: the rest of it as far as it is here, without its end.
    private var pieces: [[UInt8]] = []
    private var piecesCount = 0

    init(limit: Int) { self.limit = limit }

    /// Bytes that wait for the end of their line.
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

    /// As one of the pieces. Small ones become one: each array takes more than its bytes.
    private mutating func keep(_ chunk: [UInt8]) {
        piecesCount += chunk.count
        if let last = pieces.indices.last, pieces[last].count < Self.pieceSize {
            pieces[last] += chunk
        } else {
            pieces.append(chunk)
        }
    }

    private static let pieceSize = 64 << 10

    /// Puts what is held in one array again, and the chunk behind it.
    private mutating func join(_ chunk: [UInt8]) {
        var joined: [UInt8] = []
        joined.reserveCapacity(heldCount + chunk.count)
        joined += held[start...]
        for piece in pieces { joined += piece }
        searched = searched - start + piecesCount
        joined += chunk
        (held, start, pieces, piecesCount) = (joined, 0, [], 0)
    }

    /// Reads the next line if it is here to its end.
    ///
    /// - Throws: ``LineTooLong``, also for a line whose end is not here, and what `read` throws.
    mutating func next<R>(_ read: (UnsafeRawBufferPointer) throws -> R) throws -> R? {
        guard let end = held.firstNewline(from: searched) else {
            // The line before may have been an image, and the next one may be long in coming.
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
