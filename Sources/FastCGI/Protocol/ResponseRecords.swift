internal import Glibc

/// A response as FastCGI records: `FCGI_STDOUT`, its end, `FCGI_END_REQUEST` (FastCGI 1.0, sections 3.3 and 5.5).
///
/// This type makes only the headers of records. Large content is sent from its own array, so that it is neither copied
/// nor in memory twice.
struct ResponseRecords {
    /// The number of bytes of content in a record: the largest multiple of eight that fits.
    private static let recordSize = 0xfff8
    /// The largest number of bytes of a body that are copied next to the header, because the kernel takes one piece of
    /// memory faster than three.
    private static let copiedSize = 16 << 10
    /// The largest number of records that are sent by one call.
    private static let batchSize = 16

    /// A range of ``frames`` or of ``body`` in bytes.
    private struct Part {
        let isBody: Bool
        var range: Range<Int>
    }

    private let requestID: UInt16
    /// The headers of records, and content that is copied next to them.
    private var frames: [UInt8] = []
    /// The content that is sent without being copied.
    private var body: [UInt8] = []
    /// The number of the body's bytes for which there are records.
    private var framed = 0
    /// The parts that are sent next, in this order.
    private var parts: ArraySlice<Part> = []
    /// Whether the body is the last of the content.
    private var isLast: Bool
    private var isEnded = false

    /// - Parameters:
    ///   - head: the beginning of the content, which is copied.
    ///   - isWhole: whether the content ends with `body`. If not, more content has to be appended.
    init(head: [UInt8], body: consuming [UInt8], isWhole: Bool, requestID: UInt16) {
        self.requestID = requestID
        isLast = isWhole
        // The head and the beginning of the body share a record. It mostly holds the whole response.
        let copied = body.count <= Self.copiedSize ? body.count : 0
        frames.reserveCapacity(head.count + copied + 64)
        let end = head.count + copied
        for start in stride(from: 0, to: end, by: Self.recordSize) {
            let record = start..<min(start + Self.recordSize, end)
            frames += Record.head(.stdout, requestID: requestID, contentLength: record.count)
            frames += head[min(record.lowerBound, head.count)..<min(record.upperBound, head.count)]
            frames += body[max(0, record.lowerBound - head.count)..<max(0, record.upperBound - head.count)]
        }
        if copied == 0 { self.body = body }
        parts.append(Part(isBody: false, range: 0..<frames.count))
        frame()
    }

    /// The bytes that are held in memory.
    var heldCount: Int { body.count + frames.count }
    /// Whether all content that was added is sent.
    var isIdle: Bool { parts.isEmpty }
    /// Whether the whole response is sent.
    var isSent: Bool { isEnded && parts.isEmpty }

    /// Adds content. Call it only while the records are idle.
    mutating func append(_ bytes: consuming [UInt8]) {
        body = bytes
        framed = 0
        frame()
    }

    /// Adds the end of the response. Call it only while the records are idle.
    mutating func end() {
        isLast = true
        frame()
    }

    /// Breaks off a response that has begun: adds bytes that are not a valid record. Call it only while the records are
    /// idle.
    ///
    /// For a response that announces no length, web servers take the end of the connection for the end of the response,
    /// and likewise an `FCGI_END_REQUEST` record with any status. nginx reports a failure to its client only for a
    /// record of another version of the protocol.
    mutating func breakOff() {
        isEnded = true
        addFrame([UInt8](repeating: 0, count: Record.headSize))
    }

    /// Calls `send` with the pieces of memory that are to be sent next.
    func withNext<T>(_ send: (UnsafeMutableBufferPointer<iovec>) -> T) -> T {
        frames.withUnsafeBytes { frames in
            body.withUnsafeBytes { body in
                withUnsafeTemporaryAllocation(of: iovec.self, capacity: parts.count) { vectors in
                    for (index, part) in parts.enumerated() {
                        let bytes = UnsafeRawBufferPointer(rebasing: (part.isBody ? body : frames)[part.range])
                        vectors.initializeElement(
                            at: index,
                            to: iovec(
                                iov_base: UnsafeMutableRawPointer(mutating: bytes.baseAddress), iov_len: bytes.count))
                    }
                    return send(vectors)
                }
            }
        }
    }

    mutating func advance(by count: Int) {
        var left = count
        while left > 0, let first = parts.first {
            if left < first.range.count {
                parts[parts.startIndex].range = first.range.lowerBound + left..<first.range.upperBound
                return
            }
            left -= first.range.count
            parts.removeFirst()
        }
        guard parts.isEmpty else { return }
        frames.removeAll(keepingCapacity: true)
        frame()
    }

    /// Makes records for the next bytes of the body, and for its end.
    private mutating func frame() {
        for _ in 0..<Self.batchSize where framed < body.count {
            let end = min(framed + Self.recordSize, body.count)
            addFrame(Record.head(.stdout, requestID: requestID, contentLength: end - framed))
            parts.append(Part(isBody: true, range: framed..<end))
            framed = end
        }
        guard framed == body.count else { return }
        // The body is kept until its last records are sent.
        if parts.isEmpty {
            body = []
            framed = 0
        }
        guard isLast, !isEnded else { return }
        isEnded = true
        addFrame(
            Record.head(.stdout, requestID: requestID, contentLength: 0)
                // Zeros mean that both the application's status and the protocol's are a success.
                + Record.bytes(.endRequest, requestID: requestID, [UInt8](repeating: 0, count: 8)))
    }

    private mutating func addFrame(_ bytes: [UInt8]) {
        let start = frames.count
        frames += bytes
        if let last = parts.last, !last.isBody {
            parts[parts.endIndex - 1].range = last.range.lowerBound..<frames.count
        } else {
            parts.append(Part(isBody: false, range: start..<frames.count))
        }
    }
}
