/// Reads one request's records out of what arrives, in pieces of any size, with a bound on everything.
///
/// Throws `.peerClosed` for bytes that are not FastCGI, or not one request.
struct RequestParser {
    /// What comes next of our request.
    private enum Piece {
        case record(type: UInt8, contentLength: Int)
        /// Content of the last record, as far as it is here.
        case content(Range<Int>)
    }

    /// Set once begin and all params have come.
    private(set) var head: RequestHead?
    private(set) var isStdinAtEnd = false
    /// What is to be told the web server about records that are not our request's. See ``takeReplies()``.
    private var replies: [UInt8] = []

    /// Of the request, once it has begun.
    private var requestID: UInt16?
    private var begin: [UInt8] = []
    private var params: [UInt8] = []
    /// Of a record whose head is not all here.
    private var recordHead: [UInt8] = []
    private var recordType: UInt8 = 0
    /// Of the current record, still to come. Bytes.
    private var contentLeft = 0
    private var paddingLeft = 0
    private var isOurs = false
    /// Records that are not our request's: a web server sends none or a few, and each is read, and some answered.
    private var foreignRecordsLeft = 64

    /// Takes bytes up to the end of the head, which is in ``head`` then.
    ///
    /// - Returns: how many; all of them where the head goes on.
    mutating func takeHead(_ bytes: UnsafeRawBufferPointer) throws(FastCGIError) -> Int {
        var position = 0
        while head == nil, let piece = try next(in: bytes, at: &position) {
            switch piece {
            case .content(let range):
                if recordType == Record.Kind.beginRequest.rawValue {
                    begin += bytes[range]
                } else {
                    params += bytes[range]
                }
            case .record(Record.Kind.beginRequest.rawValue, let count):
                guard count == 8 else { throw .peerClosed }
            case .record(Record.Kind.params.rawValue, 0):
                guard let requestID else { throw .peerClosed }
                head = try RequestHead(requestID: requestID, begin: begin, params: params)
                (begin, params) = ([], [])
            case .record(Record.Kind.params.rawValue, let count):
                guard params.count + count <= RequestHead.limit else { throw .peerClosed }
                params.reserveCapacity(params.count + count)
            case .record: throw .peerClosed
            }
        }
        return position
    }

    /// Takes stdin after the head, up to its end or as far as `body` wants it. What comes after that is of no interest.
    mutating func takeStdin(_ bytes: UnsafeRawBufferPointer, into body: inout BodyBuffer) throws(FastCGIError) {
        var position = 0
        while !body.isFull, !isStdinAtEnd, let piece = try next(in: bytes, at: &position) {
            switch piece {
            case .content(let range): body.append(UnsafeRawBufferPointer(rebasing: bytes[range]))
            case .record(Record.Kind.stdin.rawValue, let count): isStdinAtEnd = count == 0
            // An aborted request, for instance.
            case .record: throw .peerClosed
            }
        }
    }

    mutating func takeReplies() -> [UInt8] {
        defer { replies = [] }
        return replies
    }

    /// nil: the rest is still to come.
    private mutating func next(
        in bytes: UnsafeRawBufferPointer, at position: inout Int
    ) throws(FastCGIError) -> Piece? {
        while true {
            if contentLeft > 0 {
                let count = min(contentLeft, bytes.count - position)
                guard count > 0 else { return nil }
                let range = position..<position + count
                position += count
                contentLeft -= count
                if isOurs { return .content(range) }
            } else if paddingLeft > 0 {
                let count = min(paddingLeft, bytes.count - position)
                guard count > 0 else { return nil }
                position += count
                paddingLeft -= count
            } else {
                let count = min(Record.headSize - recordHead.count, bytes.count - position)
                recordHead += bytes[position..<position + count]
                position += count
                guard recordHead.count == Record.headSize else { return nil }
                let record = recordHead.withUnsafeBytes { Record(head: $0) }
                recordHead.removeAll(keepingCapacity: true)
                try enter(record)
                if isOurs { return .record(type: record.type, contentLength: record.contentLength) }
            }
        }
    }

    private mutating func enter(_ record: Record) throws(FastCGIError) {
        guard record.version == 1 else { throw .peerClosed }
        recordType = record.type
        contentLeft = record.contentLength
        paddingLeft = record.paddingLength
        isOurs = false
        if record.requestID == 0 {
            replies +=
                record.type == Record.Kind.getValues.rawValue
                ? Record.values
                : Record.bytes(.unknownType, requestID: 0, [record.type, 0, 0, 0, 0, 0, 0, 0])
        } else if record.type == Record.Kind.beginRequest.rawValue {
            guard requestID != nil else {
                requestID = record.requestID
                isOurs = true
                return
            }
            replies += Record.refusal(.cannotMultiplex, requestID: record.requestID)
        } else if record.requestID == requestID {
            isOurs = true
            return
        } else if requestID == nil {
            throw .peerClosed
        }
        foreignRecordsLeft -= 1
        guard foreignRecordsLeft > 0 else { throw .peerClosed }
    }
}
