/// A response as FastCGI records: `FCGI_STDOUT`, its end, `FCGI_END_REQUEST`. FastCGI 1.0, sections 3.3 and 5.5.
///
/// Records are made piece by piece while the web server reads them, so that a large response is not in memory twice.
struct ResponseRecords {
    /// The bytes of content in a record: the largest number that is a multiple of eight.
    private static let pieceSize = 0xfff8

    private let requestID: UInt16
    /// The body as it is sent.
    private var body: [UInt8]
    private var bodyStart = 0
    /// Records that are ready to be sent, and how many of their bytes have been.
    private var ready: [UInt8] = []
    private var sent = 0
    private var isEnded = false

    init(_ response: consuming Response, method: String, requestID: UInt16) {
        self.requestID = requestID
        let head = response.head
        body = response.body(forMethod: method)
        ready.reserveCapacity(min(head.count + body.count, Self.pieceSize) + 64)
        // The head and the beginning of the body share a record, which mostly is the whole response.
        let room = max(0, Self.pieceSize - head.count)
        let first = body.prefix(room)
        for start in stride(from: 0, to: head.count, by: Self.pieceSize) {
            let piece = head[start..<min(start + Self.pieceSize, head.count)]
            appendHead(.stdout, count: piece.count + (piece.endIndex == head.count ? first.count : 0))
            ready += piece
        }
        ready += first
        bodyStart = first.count
        if bodyStart == body.count { end() }
    }

    /// The bytes that are held in memory.
    var heldCount: Int { body.count + ready.count }
    var isSent: Bool { isEnded && sent == ready.count }

    /// Calls `send` with the bytes that are to be sent next.
    func withNext<T>(_ send: (UnsafeRawBufferPointer) -> T) -> T {
        ready.withUnsafeBytes { send(UnsafeRawBufferPointer(rebasing: $0[sent...])) }
    }

    mutating func advance(by count: Int) {
        sent += count
        guard sent == ready.count, !isEnded else { return }
        ready.removeAll(keepingCapacity: true)
        sent = 0
        let end = min(bodyStart + Self.pieceSize, body.count)
        appendHead(.stdout, count: end - bodyStart)
        ready += body[bodyStart..<end]
        bodyStart = end
        if bodyStart == body.count { self.end() }
    }

    private mutating func end() {
        appendHead(.stdout, count: 0)
        appendHead(.endRequest, count: 8)
        // Zeros mean that both the application's status and the protocol's are a success.
        ready += repeatElement(0, count: 8)
        body = []
        bodyStart = 0
        isEnded = true
    }

    private mutating func appendHead(_ kind: Record.Kind, count: Int) {
        ready += Record.head(kind, requestID: requestID, contentLength: count)
    }
}
