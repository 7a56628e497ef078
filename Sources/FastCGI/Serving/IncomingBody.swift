/// The body of a connection's request, as the server's thread reads it.
struct IncomingBody {
    private enum Phase { case arriving, refused, over }

    private var phase: Phase
    /// The bytes that `CONTENT_LENGTH` announces; nil if the body ends with the stream.
    private let contentLength: Int?
    private var receivedCount = 0
    /// What has arrived before the handler was started.
    private var early: [UInt8] = []
    /// Takes what arrives after that.
    private var stream: BodyStream?
    /// Why it has not arrived whole.
    private var error: FastCGIError?
    /// How long the rest may take. The time does not run while the handler is behind: ``deadline`` is nil then.
    private var patience: Duration
    private var deadline: ContinuousClock.Instant?

    /// No body is known of.
    init() {
        phase = .over
        contentLength = nil
        patience = .zero
    }

    /// - Parameter patience: how long all of it may take, beside a second for each 64 KiB.
    init(contentLength: Int?, patience: Duration) {
        phase = .arriving
        self.contentLength = contentLength
        self.patience = patience + .seconds((contentLength ?? 0) >> 16)
        if isFull { end(isWhole: true) }
    }

    /// Whether the web server may still be sending it.
    var isUnread: Bool { phase != .over }

    /// Whether more of it is to be read, sooner or later.
    var isArriving: Bool { phase == .arriving }

    /// Whether all that was announced has arrived.
    var isFull: Bool { contentLength.map { receivedCount >= $0 } ?? false }

    /// Whether more should be read now.
    var isWanted: Bool { isArriving && (stream?.isWanted ?? (early.count < BodyStream.highWater)) }

    /// Whether the handler waits for more.
    var isAwaited: Bool { isArriving && stream?.isAwaited ?? false }

    mutating func append(_ piece: UnsafeRawBufferPointer) {
        guard isArriving else { return }
        let piece = UnsafeRawBufferPointer(rebasing: piece.prefix((contentLength ?? .max) - receivedCount))
        receivedCount += piece.count
        if contentLength == nil {
            // Time is granted for what comes, where nothing was announced.
            let grant = Duration.nanoseconds(piece.count << 14)
            if let deadline { self.deadline = deadline + grant } else { patience += grant }
        }
        if let stream { return stream.append(piece) }
        if early.isEmpty { early.reserveCapacity(min(contentLength ?? piece.count, BodyStream.highWater)) }
        early += piece
    }

    /// - Parameter isWhole: false if the connection has ended before the body, or been given up.
    mutating func end(isWhole: Bool) {
        guard isArriving else { return }
        phase = .over
        error =
            if isFull {
                nil
            } else if let contentLength {
                .bodyTruncated(expected: contentLength, received: receivedCount)
            } else {
                isWhole ? nil : .peerClosed
            }
        stream?.end(error)
    }

    /// Nobody takes any of it any more. What has not arrived stays unread.
    mutating func refuse() {
        guard isArriving else { return }
        phase = .refused
        stream?.end(.peerClosed)
    }

    /// What the handler gets, if that is complete.
    mutating func takeWhole() -> RequestBody? {
        guard phase == .over else { return nil }
        defer { early = [] }
        return RequestBody(error.map { .failure($0) } ?? .success(early), contentLength: contentLength)
    }

    /// What the handler gets otherwise.
    ///
    /// - Parameter onResume: called from any thread when the handler has made room for more.
    mutating func open(onResume: @escaping @Sendable () -> Void) -> RequestBody {
        let stream = BodyStream(early, contentLength: contentLength, onResume: onResume)
        early = []
        self.stream = stream
        return RequestBody(stream)
    }

    /// When it is given up; nil while the handler is behind.
    ///
    /// - Parameter silence: how long a web server may send nothing.
    mutating func due(at now: ContinuousClock.Instant, silence: Duration) -> ContinuousClock.Instant? {
        guard isWanted else {
            if let deadline { patience = deadline - now }
            deadline = nil
            return nil
        }
        let end = deadline ?? now + patience
        deadline = end
        return min(end, now + silence)
    }
}
