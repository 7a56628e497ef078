/// Reads a request body under a limit, from FastCGI's stdin or from a CGI process's.
///
/// - `CONTENT_LENGTH` says how much is read: what is short of it is an error, what is beyond it stays unread.
/// - Nothing is allocated, and nothing read, for a length above the limit.
/// - A body that grew by doubling would for a moment take its size twice. So it gets a first room, as what is announced
///   need never arrive, and whoever fills that the room for all of it: the kernel backs what is written.
struct BodyReader {
    /// What no `CONTENT_LENGTH` means: for FastCGI that the stream's end is the body's, for CGI that there is no body.
    enum Undeclared { case readToEnd, empty }

    /// Bytes.
    let limit: Int
    let undeclared: Undeclared

    /// Bytes of body that an announcement alone gets room for.
    static let firstRoom = 1 << 20

    /// - Parameter read: fills the buffer and returns the number of bytes; fewer than it has room for mean the end.
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

    /// Bytes that `CONTENT_LENGTH` announces; nil when it says nothing.
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
        // Most such requests have no body at all. A byte beyond the limit tells that there is one too many.
        var body: [UInt8] = []
        for room in [1024, Self.firstRoom, limit + 1] {
            let room = min(room, limit + 1)
            fill(&body, upTo: room, from: read)
            guard body.count == room else { return .success(body) }
        }
        return .failure(.bodyTooLarge(limit: limit))
    }

    /// Moves the body to a room of `count` bytes and reads until that is full, or to the end.
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

    /// `1*DIGIT`: `Int` would take a sign, too.
    private static func length(_ text: String) -> Int? {
        guard text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else { return nil }
        return Int(text)
    }
}
