internal import Glibc

/// Reads one request's records from a socket, with a bound on everything.
///
/// Reading is buffered, as much as one `recv` gives, except for large pieces of stdin, which go straight to where they
/// are wanted.
///
/// Throws `.peerClosed` for everything: a hang-up, a time limit, or bytes that are not FastCGI.
struct RecordReader: ~Copyable {
    private let socket: CInt
    private let buffer: UnsafeMutableRawBufferPointer
    private var start = 0
    private var end = 0
    /// Of the request, once it has begun.
    private(set) var requestID: UInt16?
    /// Of the current record, not yet read. Bytes.
    private var contentLeft = 0
    private var paddingLeft = 0
    private(set) var isStdinAtEnd = false
    /// Records that are not our request's: a web server sends none or a few, and each is read, and some answered.
    private var straysLeft = 64
    /// For reading at all, beside the socket's own time limit for each single read.
    var deadline: ContinuousClock.Instant?

    /// - Parameter buffer: room for what is read ahead; outlives the reader.
    init(socket: CInt, buffer: UnsafeMutableRawBufferPointer) {
        self.socket = socket
        self.buffer = buffer
    }

    /// The next record of our request. The current one's rest is skipped.
    mutating func next() throws(FastCGIError) -> Record {
        while true {
            try skip(contentLeft + paddingLeft)
            contentLeft = 0
            paddingLeft = 0
            while end - start < Record.headSize { try refill() }
            let record = Record(head: UnsafeRawBufferPointer(rebasing: buffer[start..<start + Record.headSize]))
            start += Record.headSize
            guard record.version == 1 else { throw .peerClosed }
            contentLeft = record.contentLength
            paddingLeft = record.paddingLength
            if record.requestID == 0 {
                try reply(
                    record.type == Record.Kind.getValues.rawValue
                        ? Record.values
                        : Record.bytes(.unknownType, requestID: 0, [record.type, 0, 0, 0, 0, 0, 0, 0]))
            } else if record.type == Record.Kind.beginRequest.rawValue {
                guard requestID != nil else {
                    requestID = record.requestID
                    return record
                }
                try reply(Record.refusal(.cannotMultiplex, requestID: record.requestID))
            } else if record.requestID == requestID {
                return record
            } else if requestID == nil {
                throw .peerClosed
            }
            straysLeft -= 1
            guard straysLeft > 0 else { throw .peerClosed }
        }
    }

    /// All of the current record's content.
    mutating func content() throws(FastCGIError) -> [UInt8] {
        var content: [UInt8] = []
        content.reserveCapacity(contentLeft)
        while contentLeft > 0 {
            if start == end { try refill() }
            let count = min(contentLeft, end - start)
            content += buffer[start..<start + count]
            start += count
            contentLeft -= count
        }
        return content
    }

    /// Reads stdin until the destination is full or stdin has ended.
    ///
    /// - Parameter filled: counts the bytes, also those before a failure.
    mutating func readStdin(
        into destination: UnsafeMutableRawBufferPointer, count filled: inout Int
    ) throws(FastCGIError) {
        while filled < destination.count, !isStdinAtEnd {
            if contentLeft == 0 {
                let record = try next()
                guard record.type == Record.Kind.stdin.rawValue else { throw .peerClosed }
                if record.contentLength == 0 { isStdinAtEnd = true }
                continue
            }
            let wanted = min(contentLeft, destination.count - filled)
            let rest = UnsafeMutableRawBufferPointer(rebasing: destination[filled..<filled + wanted])
            var count = min(wanted, end - start)
            if count > 0 {
                rest.copyMemory(from: UnsafeRawBufferPointer(rebasing: buffer[start..<start + count]))
                start += count
            } else if wanted >= buffer.count {
                count = try receive(into: rest)
            } else {
                try refill()
                continue
            }
            filled += count
            contentLeft -= count
        }
    }

    private mutating func skip(_ count: Int) throws(FastCGIError) {
        var left = count
        while left > 0 {
            if start == end { try refill() }
            let step = min(left, end - start)
            start += step
            left -= step
        }
    }

    /// Reads once. What is unread moves to the front.
    private mutating func refill() throws(FastCGIError) {
        if start > 0 {
            buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: buffer[start..<end]))
            end -= start
            start = 0
        }
        end += try receive(into: UnsafeMutableRawBufferPointer(rebasing: buffer[end...]))
    }

    private func receive(into destination: UnsafeMutableRawBufferPointer) throws(FastCGIError) -> Int {
        while true {
            let count = recv(socket, destination.baseAddress, destination.count, 0)
            guard count != 0, count > 0 || errno == EINTR else { throw .peerClosed }
            if let deadline, deadline < .now { throw .peerClosed }
            if count > 0 { return count }
        }
    }

    private func reply(_ bytes: [UInt8]) throws(FastCGIError) {
        guard send(socket, bytes, bytes.count, CInt(MSG_NOSIGNAL)) == bytes.count else { throw .peerClosed }
    }
}
