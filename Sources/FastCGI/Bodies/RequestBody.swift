/// The body of a request: `FCGI_STDIN`, or the standard input of a CGI program. The handler reads it once, in pieces or
/// whole.
///
/// A small body has mostly arrived with the head. For a larger body, a few pieces are read ahead, and further pieces
/// when the handler takes them. Once the handler has returned, the rest is not read: the web server gets the response,
/// and the rest is dropped.
package struct RequestBody: Sendable {
    private enum Source {
        case arrived(Result<[UInt8], FastCGIError>)
        case arriving(BodyStream)
    }

    /// The bytes that `CONTENT_LENGTH` announces; nil if the body ends with the stream.
    package let contentLength: Int?
    /// The number of bytes that the handler has taken.
    package private(set) var readCount = 0
    private var source: Source

    /// Makes a body that has arrived, or the reason why there is none.
    package init(_ bytes: consuming Result<[UInt8], FastCGIError>, contentLength: Int? = nil) {
        self.contentLength = contentLength
        source = .arrived(bytes)
    }

    init(_ stream: BodyStream) {
        contentLength = stream.contentLength
        source = .arriving(stream)
    }

    /// Whether the body is there already, as a small one mostly is, or it is known that it cannot be read.
    package var hasArrived: Bool {
        switch source {
        case .arrived: true
        case .arriving: false
        }
    }

    /// Returns the next bytes, at most some 100 kB; nil at the end.
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

    /// Reads the whole body.
    ///
    /// - Parameters:
    ///   - limit: the largest number of bytes. If the request announces more, nothing is read.
    ///   - prefix: the bytes that ``next()`` has returned.
    ///   - reserve: called with the largest number of bytes that the body may take, before they are read; not called if
    ///     the body is empty. It returns false if there is no memory.
    /// - Throws: the errors of ``next()``, `.bodyTooLarge`, `.noMemoryForBody`.
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
            // Memory for a body of unknown length is reserved when its first byte has arrived.
            if contentLength == nil { await stream.arrival() }
            let size = contentLength ?? (prefix.isEmpty && stream.isAtEnd ? 0 : limit + 1)
            if size > 0, await !reserve(size) { throw .noMemoryForBody }
            bytes = try await stream.collect(after: prefix, upTo: limit)
        }
        readCount = bytes.count
        return bytes
    }

    /// Parses `CONTENT_LENGTH`, which is `1*DIGIT`; nil if there is none. `Int` alone would accept a sign as well.
    static func contentLength(of params: [String: String]) throws(FastCGIError) -> Int? {
        guard let text = params["CONTENT_LENGTH"], !text.isEmpty else { return nil }
        guard text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }), let length = Int(text)
        else { throw .badContentLength(String(text.prefix(40))) }
        return length
    }
}

/// What has not been read, in pieces.
extension RequestBody: AsyncSequence {
    package struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate var body: RequestBody

        package mutating func next() async throws(FastCGIError) -> [UInt8]? { try await body.next() }

        package mutating func next(isolation: isolated (any Actor)?) async throws(FastCGIError) -> [UInt8]? {
            try await body.next()
        }
    }

    package func makeAsyncIterator() -> AsyncIterator { AsyncIterator(body: self) }
}
