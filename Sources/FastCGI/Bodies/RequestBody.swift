/// The body of a request: `FCGI_STDIN`, or the standard input of a CGI program. It is read once, in pieces or whole.
///
/// A small body has mostly arrived with the head. Of any other a few pieces are read ahead, and no more until they are
/// taken. What nobody takes is not read: the web server is answered, and the rest dropped.
package struct RequestBody: Sendable {
    private enum Source {
        case arrived(Result<[UInt8], FastCGIError>)
        case arriving(BodyStream)
    }

    /// The bytes that `CONTENT_LENGTH` announces; nil if the body ends with the stream.
    package let contentLength: Int?
    /// The bytes that have been taken.
    package private(set) var readCount = 0
    private var source: Source

    /// A body that is there, or the reason why there is none.
    package init(_ bytes: consuming Result<[UInt8], FastCGIError>, contentLength: Int? = nil) {
        self.contentLength = contentLength
        source = .arrived(bytes)
    }

    init(_ stream: BodyStream) {
        contentLength = stream.contentLength
        source = .arriving(stream)
    }

    /// The next bytes, at most some 100 kB; nil at the end.
    ///
    /// - Throws: `.badContentLength`, `.bodyTruncated`; `.peerClosed` if the connection ended before the stream, and
    ///   there was no `CONTENT_LENGTH`; `.cancelled` with the task.
    package mutating func next() async throws(FastCGIError) -> [UInt8]? {
        let piece: [UInt8]?
        switch source {
        case .arrived(let result):
            let bytes = try result.get()
            source = .arrived(.success([]))
            piece = bytes.isEmpty ? nil : bytes
        case .arriving(let stream): piece = try await stream.next()
        }
        readCount += piece?.count ?? 0
        return piece
    }

    /// The whole body.
    ///
    /// - Parameters:
    ///   - limit: bytes. If more are announced, nothing is read.
    ///   - prefix: what ``next()`` has given.
    ///   - reserve: called with the bytes that the body may take, before they are read, unless there are none. False:
    ///     there is no memory.
    /// - Throws: what ``next()`` throws, `.bodyTooLarge`, `.noMemoryForBody`.
    package mutating func collect(
        upTo limit: Int, after prefix: consuming [UInt8] = [], reserve: (Int) async -> Bool = { _ in true }
    ) async throws(FastCGIError) -> [UInt8] {
        if let contentLength, contentLength > limit { throw .bodyTooLarge(limit: limit) }
        let bytes: [UInt8]
        switch source {
        case .arrived(let result):
            bytes = prefix + (try result.get())
            source = .arrived(.success([]))
            guard bytes.count <= limit else { throw .bodyTooLarge(limit: limit) }
            if !bytes.isEmpty, await !reserve(bytes.count) { throw .noMemoryForBody }
        case .arriving(let stream):
            // A body of unknown length has none until its first byte is there.
            if contentLength == nil { await stream.arrival() }
            let size = contentLength ?? (prefix.isEmpty && stream.isAtEnd ? 0 : limit + 1)
            if size > 0, await !reserve(size) { throw .noMemoryForBody }
            bytes = try await stream.collect(after: prefix, upTo: limit)
        }
        readCount = bytes.count
        return bytes
    }

    /// Parses `CONTENT_LENGTH`, which is `1*DIGIT`; `Int` alone would accept a sign as well. Nil if there is none.
    static func contentLength(of params: [String: String]) throws(FastCGIError) -> Int? {
        guard let text = params["CONTENT_LENGTH"], !text.isEmpty else { return nil }
        guard text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }), let length = Int(text)
        else { throw .badContentLength(String(text.prefix(40))) }
        return length
    }
}
