/// The body of a connection's request, seen from the server's thread, which reads it.
struct IncomingBody {
    private enum Phase { case arriving, refused, over }

    private var phase: Phase
    /// The bytes that `CONTENT_LENGTH` announces; nil if the body ends with the stream.
    private let contentLength: Int?
    private var receivedCount = 0
    /// The bytes that arrived before the handler was started.
    private var early: [UInt8] = []
    /// The stream for bytes that arrive after that.
    private var stream: BodyStream?
    /// The reason why the body has not arrived whole; nil if it has.
    private var error: FastCGIError?
    /// The time that is left for the rest of the body. It does not run while the handler is behind: ``deadline`` is nil
    /// then.
    private var patience: Duration
    private var deadline: ContinuousClock.Instant?

    /// Makes an empty body, for a request whose head has not arrived.
    init() {
        phase = .over
        contentLength = nil
        patience = .zero
    }

    /// - Parameter patience: the longest time for the whole body, without a second for each 64 KiB, which is added.
    init(contentLength: Int?, patience: Duration) {
        phase = .arriving
        self.contentLength = contentLength
        self.patience = patience + .seconds((contentLength ?? 0) >> 16)
        if isFull { end(isWhole: true) }
    }

    /// Whether the web server may still be sending the body.
    var isUnread: Bool { phase != .over }

    /// Whether more of the body has to be read now or later.
    var isArriving: Bool { phase == .arriving }

    /// Whether all announced bytes have arrived.
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
            // Nothing was announced, so time is added for the bytes that arrive.
            let grant = Duration.nanoseconds(piece.count << 14)
            if let deadline { self.deadline = deadline + grant } else { patience += grant }
        }
        if let stream { return stream.append(piece) }
        if early.isEmpty { early.reserveCapacity(min(contentLength ?? piece.count, BodyStream.highWater)) }
        early += piece
    }

    /// Ends the body.
    ///
    /// - Parameter isWhole: false if the connection ended before the body, or the body took too long.
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

    /// Stops reading the body, because the handler does not take any more of it. Bytes that have not arrived stay
    /// unread.
    mutating func refuse() {
        guard isArriving else { return }
        phase = .refused
        stream?.end(.peerClosed)
    }

    /// Returns the handler's body if it has arrived as a whole, or has failed; nil otherwise.
    mutating func takeWhole() -> RequestBody? {
        guard phase == .over else { return nil }
        defer { early = [] }
        return RequestBody(error.map { .failure($0) } ?? .success(early), contentLength: contentLength)
    }

    /// Returns the handler's body if it has not arrived as a whole.
    ///
    /// - Parameter onResume: called from any thread when the handler has taken enough for more to be read.
    mutating func open(onResume: @escaping @Sendable () -> Void) -> RequestBody {
        let stream = BodyStream(early, contentLength: contentLength, onResume: onResume)
        early = []
        self.stream = stream
        return RequestBody(stream)
    }

    /// Returns the time at which the body is given up; nil while the handler is behind.
    ///
    /// - Parameter silence: the longest time for which a web server may send nothing.
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
