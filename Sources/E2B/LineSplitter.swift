internal import Glibc

/// Cuts a stream into lines, however it arrives.
///
/// A line of many chunks is searched once: `searched` remembers how far. A chunk of whole lines is not copied.
struct LineSplitter {
    struct LineTooLong: Error {}

    /// Bytes in a line, without its newline.
    let limit: Int
    private var held: [UInt8] = []
    /// Where the next line begins.
    private var start = 0
    /// There is no newline between `start` and here.
    private var searched = 0

    init(limit: Int) { self.limit = limit }

    private static let doublingLimit = 1 << 20

    /// Bytes that wait for the end of their line.
    var heldCount: Int { held.count - start }

    mutating func append(_ chunk: [UInt8]) {
        if start == held.count {
            held = chunk
            searched = 0
        } else {
            // Moves the beginning of a line only; from then on it is at 0 until its end has come.
            held.removeFirst(start)
            searched -= start
            // Not by doubling: what is long here is most of what an execution takes.
            if held.count > Self.doublingLimit, held.capacity < held.count + chunk.count {
                held.reserveCapacity(held.count + max(chunk.count, held.count / 4))
            }
            held.append(contentsOf: chunk)
        }
        start = 0
    }

    /// Reads the next line if it is here to its end.
    ///
    /// - Throws: ``LineTooLong``, also for a line whose end is not here, and what `read` throws.
    mutating func next<R>(_ read: (UnsafeRawBufferPointer) throws -> R) throws -> R? {
        guard let end = endOfLine() else {
            // The line before may have been an image, and the next one may be long in coming.
            if start == held.count { held = []; start = 0 }
            searched = held.count
            if held.count - start > limit { throw LineTooLong() }
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
        defer { start = held.count }
        return try held.withUnsafeBytes { try read(UnsafeRawBufferPointer(rebasing: $0[start...])) }
    }

    private func endOfLine() -> Int? {
        held.withUnsafeBytes { held in
            guard let base = held.baseAddress, searched < held.count else { return nil }
            let newline = memchr(base + searched, CInt(UInt8(ascii: "\n")), held.count - searched)
            return newline.map { UnsafeRawPointer($0) - base }
        }
    }
}
