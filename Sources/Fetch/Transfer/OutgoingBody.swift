import CCurl

/// The body of a request, as far as libcurl has asked for it.
enum OutgoingBody {
    /// Bytes, and how many of them have been given to libcurl.
    case bytes([UInt8], count: Int)
    case pipe(BodyPipe)

    init(_ body: FetchBody?, _ pipe: BodyPipe?) {
        switch (pipe, body) {
        case (let pipe?, _): self = .pipe(pipe)
        case (_, .bytes(let bytes)): self = .bytes(bytes, count: 0)
        case (_, nil), (_, .pieces): self = .bytes([], count: 0)
        }
    }

    /// What it makes the read callback return.
    mutating func read(into room: UnsafeMutableRawBufferPointer) -> Int {
        switch self {
        case .bytes(let bytes, let count):
            let piece = bytes[count...].prefix(room.count)
            room.copyBytes(from: piece)
            self = .bytes(bytes, count: count + piece.count)
            return piece.count
        case .pipe(let pipe):
            return switch pipe.take(into: room) {
            case .bytes(let count): count
            case .pause: Int(CURL_READFUNC_PAUSE)
            case .end: 0
            }
        }
    }

    /// Whether there is more than the `sentCount` bytes that have been sent.
    func isUnfinished(sentCount: Int) -> Bool {
        switch self {
        // libcurl has a copy of a small one, and sends it with the head.
        case .bytes(let bytes, _): bytes.count > max(sentCount, EasyHandle.copyLimit)
        case .pipe(let pipe): pipe.wholeCount.map { sentCount < $0 } ?? true
        }
    }

    /// Goes back to be sent again. False if that cannot be.
    mutating func rewind(to offset: Int) -> Bool {
        guard case .bytes(let bytes, _) = self, (0...bytes.count).contains(offset) else { return false }
        self = .bytes(bytes, count: offset)
        return true
    }
}
