/// A response as the records that it is sent in: `FCGI_STDOUT`, its end, `FCGI_END_REQUEST`. FastCGI 1.0, sections 3.3, 5.5.
///
/// Framed piece by piece as the web server takes them, so that a large response is not there twice.
struct ResponseRecords {
    /// Content of a record: as much as one can have, in whole words.
    private static let pieceSize = 0xfff8

    private let requestID: UInt16
    /// Of the response, or what there is to send instead.
    private var body: [UInt8]
    private var bodyStart = 0
    /// Records that are ready, and how much of them has been sent.
    private var ready: [UInt8] = []
    private var sent = 0
    private var isEnded = false

    init(_ response: consuming Response, method: String, requestID: UInt16) {
        self.requestID = requestID
        let head = response.head
        body = response.body(forMethod: method)
        ready.reserveCapacity(min(head.count + body.count, Self.pieceSize) + 64)
        // The head and the beginning of the body in one record: mostly that is all.
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

    /// Bytes that are kept to be sent.
    var heldCount: Int { body.count + ready.count }
    var isSent: Bool { isEnded && sent == ready.count }

    /// What is to be sent next, as far as it is framed.
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
        // The application's status and the protocol's: all is well.
        ready += repeatElement(0, count: 8)
        body = []
        bodyStart = 0
        isEnded = true
    }

    private mutating func appendHead(_ kind: Record.Kind, count: Int) {
        ready += Record.head(kind, requestID: requestID, contentLength: count)
    }
}
