/// The beginning and the end of a text, with or without a gap between them.
struct TextEnds: Sendable {
    /// The largest number of bytes that are kept from the beginning.
    private let headLimit: Int
    /// The number of bytes that are at least kept from the end, once there are more than ``headLimit``. At most twice
    /// as many are kept.
    private let tailLimit: Int
    private(set) var head: [UInt8] = []
    private(set) var tail: [UInt8] = []
    /// Whether bytes between the two ends were dropped, and the number of their Unicode scalars.
    private(set) var hasGap = false
    private(set) var dropped = 0

    init(limit: Int, tail: Int) {
        headLimit = limit
        tailLimit = tail
    }

    var isEmpty: Bool { head.isEmpty && tail.isEmpty }
    /// The number of kept bytes, or 0 if it is small.
    var heldCount: Int {
        head.count + tail.count < CapturedOutput.smallCount ? 0 : head.capacity + tail.capacity
    }

    mutating func removeAll() { self = TextEnds(limit: headLimit, tail: tailLimit) }

    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        var rest = bytes[...]
        if tail.isEmpty, !hasGap {
            let end = rest.scalarStart(notAfter: min(headLimit - head.count, rest.count))
            head.append(contentsOf: rest[..<end])
            rest = rest[end...]
        }
        guard !rest.isEmpty else { return }
        if rest.count > 2 * tailLimit {
            // Only these bytes can be among the last ones.
            drop(tail[...])
            tail.removeAll()
            let start = rest.scalarStart(notBefore: rest.endIndex - tailLimit)
            drop(rest[..<start])
            rest = rest[start...]
        }
        tail.append(contentsOf: rest)
        // The buffer has twice the limit and is trimmed when it is full, so every byte is moved once.
        if tail.count > 2 * tailLimit {
            let start = tail.scalarStart(notBefore: tail.count - tailLimit)
            drop(tail[..<start])
            tail.removeFirst(start)
        }
    }

    private mutating func drop(_ bytes: some Collection<UInt8>) {
        guard !bytes.isEmpty else { return }
        hasGap = true
        dropped += bytes.count { !$0.isContinuation }
    }

    /// Removes and returns the last lines that are kept: at most so many lines, and so many bytes of them.
    mutating func removeLast(lines: Int, bytes: Int) -> [UInt8] {
        if tail.isEmpty, !hasGap { return Self.removeLast(lines: lines, bytes: bytes, of: &head) }
        return Self.removeLast(lines: lines, bytes: bytes, of: &tail)
    }

    private static func removeLast(lines: Int, bytes: Int, of text: inout [UInt8]) -> [UInt8] {
        let limit = text.scalarStart(notBefore: max(text.count - bytes, 0))
        var start = text.count
        var newlines = 0
        while start > limit {
            if text[start - 1] == UInt8(ascii: "\n") {
                newlines += 1
                if newlines == lines { break }
            }
            start -= 1
        }
        let last = Array(text[start...])
        text.removeLast(last.count)
        return last
    }

    /// Returns the first bytes before any gap, at most `count`.
    func beginning(_ count: Int) -> [UInt8] {
        let bytes = hasGap || head.count >= count ? head : head + tail.prefix(count - head.count)
        return Array(bytes[..<bytes.scalarStart(notAfter: min(count, bytes.count))])
    }

    /// Returns the last bytes after any gap, at most `count`.
    func end(_ count: Int) -> [UInt8] {
        let bytes = hasGap || tail.count >= count ? tail : head.suffix(count - tail.count) + tail
        return Array(bytes[bytes.scalarStart(notBefore: max(bytes.count - count, 0))...])
    }
}

extension RandomAccessCollection<UInt8> where Index == Int {
    var scalarCount: Int { count { !$0.isContinuation } }

    /// Returns the last place up to `index` where a character of UTF-8 begins; `index` itself if none begins nearby,
    /// because the bytes are not UTF-8.
    func scalarStart(notAfter index: Int) -> Int {
        guard index < endIndex else { return index }
        return (Swift.max(startIndex, index - 3)...index).last { !self[$0].isContinuation } ?? index
    }

    /// Returns the first place from `index` on where a character of UTF-8 begins; `index` itself if none begins nearby.
    func scalarStart(notBefore index: Int) -> Int {
        (index..<Swift.min(endIndex, index + 4)).first { !self[$0].isContinuation } ?? index
    }
}

extension UInt8 {
    /// Whether the byte continues a character of UTF-8.
    fileprivate var isContinuation: Bool { self & 0xc0 == 0x80 }
}
