/// Parses the records of one request, which arrive in pieces of any size. The parser collects a bounded number of
/// bytes.
///
/// It throws `.peerClosed` if the bytes are not FastCGI, or not exactly one request.
struct RequestParser {
    /// The next part of the request.
    private enum Piece {
        case record(type: UInt8, contentLength: Int)
        /// Content of the last record, as far as it has arrived.
        case content(Range<Int>)
    }

    /// The head of the request; nil until the begin record and all params have arrived.
    var head: RequestHead?
    private(set) var isStdinAtEnd = false
    /// The answers to records that do not belong to the request. See ``takeReplies()``.
    private var replies: [UInt8] = []

    /// The number of the request; nil until it begins.
    private var requestID: UInt16?
    private var begin: [UInt8] = []
    private var params: [UInt8] = []
    /// The header of a record, as far as it has arrived.
    private var recordHead: [UInt8] = []
    private var recordType: UInt8 = 0
    /// The bytes of the current record that have not arrived.
    private var contentLeft = 0
    private var paddingLeft = 0
    private var isOurs = false
    /// The number of further records that may arrive and do not belong to the request. A web server sends few of them
    /// or none, and each costs time and perhaps an answer.
    private var foreignRecordsLeft = 64

    /// Parses bytes up to the end of the head, which is in ``head`` then.
    ///
    /// - Returns: how many bytes were parsed; all of them if the head is not complete.
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

    /// Parses stdin after the head, up to its end. Later bytes are ignored.
    mutating func takeStdin(
        _ bytes: UnsafeRawBufferPointer, _ take: (UnsafeRawBufferPointer) -> Void
    ) throws(FastCGIError) {
        var position = 0
        while !isStdinAtEnd, let piece = try next(in: bytes, at: &position) {
            switch piece {
            case .content(let range): take(UnsafeRawBufferPointer(rebasing: bytes[range]))
            case .record(Record.Kind.stdin.rawValue, let count): isStdinAtEnd = count == 0
            // This may be an `FCGI_ABORT_REQUEST`.
            case .record: throw .peerClosed
            }
        }
    }

    mutating func takeReplies() -> [UInt8] {
        defer { replies = [] }
        return replies
    }

    /// The next part; nil until more bytes arrive.
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
            replies += Record.endRequest(.cannotMultiplex, requestID: record.requestID)
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
