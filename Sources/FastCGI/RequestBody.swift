/// Reads a request body under a limit, from FastCGI's stdin or from a CGI process's.
///
/// - `CONTENT_LENGTH` says how much is read: what is short of it is an error, what is beyond it stays unread.
/// - Nothing is allocated, and nothing read, for a length above the limit.
struct RequestBody {
    /// What no `CONTENT_LENGTH` means: for FastCGI that the stream's end is the body's, for CGI that there is no body.
    enum Undeclared { case readToEnd, empty }

    /// Bytes.
    let limit: Int
    let undeclared: Undeclared

    /// - Parameter read: fills the buffer and returns the number of bytes; fewer than it has room for mean the end.
    func read(
        contentLength: String?, from read: (UnsafeMutableRawBufferPointer) -> Int
    ) -> Result<[UInt8], FastCGIError> {
        guard let contentLength, !contentLength.isEmpty else {
            return switch undeclared {
            case .empty: .success([])
            case .readToEnd: readToEnd(from: read)
            }
        }
        guard let expected = Self.length(contentLength) else {
            return .failure(.badContentLength(String(contentLength.prefix(40))))
        }
        guard expected <= limit else { return .failure(.bodyTooLarge(limit: limit)) }
        let body = [UInt8](unsafeUninitializedCapacity: expected) { buffer, filled in
            filled = expected == 0 ? 0 : read(UnsafeMutableRawBufferPointer(buffer))
        }
        guard body.count == expected else {
            return .failure(.bodyTruncated(expected: expected, received: body.count))
        }
        return .success(body)
    }

    private func readToEnd(from read: (UnsafeMutableRawBufferPointer) -> Int) -> Result<[UInt8], FastCGIError> {
        // Most such requests have no body at all: start small, then as much as there already is.
        var body: [UInt8] = []
        var step = 1024
        while true {
            let room = min(step, limit + 1 - body.count)
            let count = withUnsafeTemporaryAllocation(byteCount: room, alignment: 1) { buffer in
                let count = read(buffer)
                body.append(contentsOf: buffer.prefix(count))
                return count
            }
            guard body.count <= limit else { return .failure(.bodyTooLarge(limit: limit)) }
            guard count == room else { return .success(body) }
            step = min(max(step, body.count), 1 << 20)
        }
    }

    /// `1*DIGIT`: `Int` would take a sign, too.
    private static func length(_ text: String) -> Int? {
        guard text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else { return nil }
        return Int(text)
    }
}
