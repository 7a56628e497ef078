/// Reads a request body under a limit.
///
/// - `CONTENT_LENGTH` says how much is read. A body that is shorter is an error, and bytes beyond it stay unread.
/// - Nothing is allocated, and nothing is read, for a length above the limit.
/// - The reader reads 1 MiB first, and then allocates the announced size once: growing by doubling would peak at twice
/// the
///   size, and a client may announce what it never sends.
struct BodyReader {
    /// What a request without `CONTENT_LENGTH` means: in FastCGI that the body ends with the stream, in CGI that there
    /// is no body.
    enum Undeclared { case readToEnd, empty }

    /// Bytes.
    let limit: Int
    let undeclared: Undeclared

    /// The bytes that are allocated before any of the body has arrived.
    static let firstRoom = 1 << 20

    /// - Parameter read: fills the buffer, and returns the number of bytes. Fewer bytes than the buffer has room for
    ///   mean the end.
    func read(
        contentLength: String?, from read: (UnsafeMutableRawBufferPointer) -> Int
    ) -> Result<[UInt8], FastCGIError> {
        let expected: Int
        do throws(FastCGIError) {
            guard let length = try Self.expectation(contentLength, limit: limit) else {
                return switch undeclared {
                case .empty: .success([])
                case .readToEnd: readToEnd(from: read)
                }
            }
            expected = length
        } catch {
            return .failure(error)
        }
        var body: [UInt8] = []
        fill(&body, upTo: min(Self.firstRoom, expected), from: read)
        if body.count == Self.firstRoom { fill(&body, upTo: expected, from: read) }
        guard body.count == expected else {
            return .failure(.bodyTruncated(expected: expected, received: body.count))
        }
        return .success(body)
    }

    /// The bytes that `CONTENT_LENGTH` announces; nil if there is none.
    ///
    /// - Throws: `.badContentLength`, `.bodyTooLarge`.
    static func expectation(_ contentLength: String?, limit: Int) throws(FastCGIError) -> Int? {
        guard let contentLength, !contentLength.isEmpty else { return nil }
        guard let expected = length(contentLength) else {
            throw .badContentLength(String(contentLength.prefix(40)))
        }
        guard expected <= limit else { throw .bodyTooLarge(limit: limit) }
        return expected
    }

    private func readToEnd(from read: (UnsafeMutableRawBufferPointer) -> Int) -> Result<[UInt8], FastCGIError> {
        // Most such requests have no body at all, so the first buffer is small. The last one has room for a byte beyond
        // the limit, to detect a body that is too large.
        var body: [UInt8] = []
        for room in [1024, Self.firstRoom, limit + 1] {
            let room = min(room, limit + 1)
            fill(&body, upTo: room, from: read)
            guard body.count == room else { return .success(body) }
        }
        return .failure(.bodyTooLarge(limit: limit))
    }

    /// Moves the body to a buffer of `count` bytes, and reads until it is full, or to the end.
    private func fill(
        _ body: inout [UInt8], upTo count: Int, from read: (UnsafeMutableRawBufferPointer) -> Int
    ) {
        guard body.count < count else { return }
        body = [UInt8](unsafeUninitializedCapacity: count) { [body] buffer, filled in
            let rest = UnsafeMutableRawBufferPointer(buffer)
            filled = body.count
            rest.copyBytes(from: body)
            filled += read(UnsafeMutableRawBufferPointer(rebasing: rest[filled...]))
        }
    }

    /// Parses `1*DIGIT`; `Int` alone would accept a sign as well.
    private static func length(_ text: String) -> Int? {
        guard text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else { return nil }
        return Int(text)
    }
}
