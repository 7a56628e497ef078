/// Collects a response's header lines, with limits on their number and size.
struct HeadParser {
    /// The bytes of all lines. Those of interim (1xx) responses and of trailers count as well, so that neither can go
    /// on for ever.
    static let byteLimit = 64 << 10
    static let fieldLimit = 128

    private(set) var isComplete = false
    private(set) var isOverLimit = false
    private var lines = HeaderLines()
    private var byteCount = 0
    private var fieldCount = 0

    /// Takes a line with its line end, and returns the head if this was its last line.
    ///
    /// - Parameter status: returns the status. It is called at the end of a head only.
    mutating func take(_ line: UnsafeRawBufferPointer, status: () -> Int) -> FetchHead? {
        byteCount += line.count
        if byteCount > Self.byteLimit { isOverLimit = true }
        guard !isComplete, !isOverLimit else { return nil }
        let line = Self.trimmed(line)
        if line.isEmpty {
            let status = status()
            guard status >= 200 else { return nil }
            isComplete = true
            return FetchHead(status: status, lines: lines)
        }
        if line.starts(with: Self.statusLine) {
            // The lines before this one belonged to an interim response.
            lines.removeAll()
            fieldCount = 0
            return nil
        }
        fieldCount += 1
        guard fieldCount <= Self.fieldLimit else {
            isOverLimit = true
            return nil
        }
        lines.append(line)
        return nil
    }

    private static let statusLine = Array("HTTP/".utf8)

    private static func trimmed(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        var (start, end) = (0, bytes.count)
        while start < end, bytes[start].isSpace { start += 1 }
        while end > start, bytes[end - 1].isSpace { end -= 1 }
        return UnsafeRawBufferPointer(rebasing: bytes[start..<end])
    }
}
