/// Collects a response's header lines, within bounds.
struct HeadParser {
    /// Bytes, over all lines: those of interim (1xx) responses and trailers count, so that neither can go on for ever.
    static let byteLimit = 64 << 10
    static let fieldLimit = 128

    private(set) var isComplete = false
    private(set) var isOverLimit = false
    private var headers: [String: String] = [:]
    private var byteCount = 0
    private var fieldCount = 0

    /// The head, if this line, with its line end, was the last of it.
    ///
    /// - Parameter status: asked for at the end of a head only.
    mutating func take(_ line: UnsafeRawBufferPointer, status: () -> Int) -> FetchHead? {
        byteCount += line.count
        if byteCount > Self.byteLimit { isOverLimit = true }
        guard !isComplete, !isOverLimit else { return nil }
        let line = Self.trimmed(line[...])
        if line.isEmpty {
            let status = status()
            guard status >= 200 else { return nil }
            isComplete = true
            return FetchHead(status: status, headers: headers)
        }
        if line.starts(with: "HTTP/".utf8) {
            // A status line: whatever came before belonged to an interim response.
            headers = [:]
            fieldCount = 0
            return nil
        }
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return nil }
        fieldCount += 1
        guard fieldCount <= Self.fieldLimit else {
            isOverLimit = true
            return nil
        }
        let name = String(decoding: line[..<colon].lazy.map(Self.lowercased), as: UTF8.self)
        headers[name] = String(decoding: Self.trimmed(line[(colon + 1)...]), as: UTF8.self)
        return nil
    }

    private static func lowercased(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
    }

    private static func trimmed(_ bytes: Slice<UnsafeRawBufferPointer>) -> Slice<UnsafeRawBufferPointer> {
        func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0d).contains(byte) }
        var bytes = bytes
        while let first = bytes.first, isSpace(first) { bytes.removeFirst() }
        while let last = bytes.last, isSpace(last) { bytes.removeLast() }
        return bytes
    }
}
