internal import CFastCGI
internal import Glibc

/// An `FCGX_Request`, reused for one request after another by the thread that owns it.
///
/// libfcgi's streams keep a pointer back to the struct, so it lives at a fixed heap address; a Swift `var` passed as
/// `&request` has no such promise.
///
/// libfcgi parses params and frames the response. It does not get at the socket before the request has been checked:
/// the head reaches it through a socket pair of its own (see ``RecordReader``), stdin not at all. And the socket is
/// ours to accept and to close, because libfcgi's closing waits for as long as the peer keeps sending.
struct Connection: ~Copyable {
    /// How long a response may wait for a web server that is still sending its request. See ``close()``.
    private static let linger = Duration.seconds(2)

    private let raw: UnsafeMutablePointer<FCGX_Request>
    /// The head goes in at one end, libfcgi reads it from the other. -1 if there is no pair.
    private var headIn: CInt = -1
    private var headOut: CInt = -1
    private(set) var socket: CInt = -1
    /// The request's head without its params.
    private var beginning: [UInt8] = []
    /// Whether the web server may still be sending a body that nobody reads.
    private var isStdinUnread = false

    init() {
        raw = .allocate(capacity: 1)
        // No listener: libfcgi never accepts by itself.
        FCGX_InitRequest(raw, -1, 0)
    }

    deinit {
        if headIn >= 0 { _ = Glibc.close(headIn) }
        if headOut >= 0 { _ = Glibc.close(headOut) }
        raw.deallocate()
    }

    /// Reads a request from a new connection. One of a role that we do not play is refused.
    ///
    /// - Parameters:
    ///   - socket: closed by the time the request ends.
    ///   - patience: for begin and params together.
    /// - Returns: nil if there is nothing to answer; the socket is closed then.
    mutating func request(
        on socket: CInt, bodyLimit: BodyLimit, patience: Duration
    ) -> FastCGIRequest? {
        self.socket = socket
        isStdinUnread = false
        // Gone when the request has been read: a thousand in flight need none. And not on the stack, which a thread keeps.
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 16 << 10, alignment: 16)
        defer { buffer.deallocate() }
        var reader = RecordReader(socket: socket, buffer: buffer)
        reader.deadline = .now + patience
        do throws(FastCGIError) {
            let head = try RequestHead(from: &reader)
            guard head.role == 1 else {
                let refusal = Record.refusal(.unknownRole, requestID: head.requestID)
                _ = send(socket, refusal, refusal.count, CInt(MSG_NOSIGNAL))
                close()
                return nil
            }
            beginning = head.beginning
            try begin(head.bytes)
        } catch {
            abandon()
            return nil
        }
        // A body may take as long as its sender needs, if only it moves.
        reader.deadline = nil
        var request = FastCGIRequest(params: params, stdin: .success([]))
        // Its copy of the params and its streams are 11 kB, which nobody needs until there is a response: see finish.
        FCGX_Free(raw, 0)
        request.stdin = stdin(
            from: &reader, contentLength: request.params["CONTENT_LENGTH"], limit: bodyLimit(request))
        return request
    }

    /// Has libfcgi begin the request that `head` describes, and then write to the socket.
    private mutating func begin(_ head: [UInt8]) throws(FastCGIError) {
        if headOut < 0 { try openHeadPair() }
        guard write(headIn, head, head.count) == head.count else {
            closeHeadPair()
            throw .peerClosed
        }
        // This is how a kept connection looks to FCGX_Accept_r: it reads the next request from it. If it cannot, it
        // closes the descriptor and accepts from listener -1, which ends the call.
        raw.pointee.ipcFd = headOut
        raw.pointee.keepConnection = 1
        guard FCGX_Accept_r(raw) == 0 else {
            headOut = -1
            closeHeadPair()
            throw .peerClosed
        }
        raw.pointee.ipcFd = socket
    }

    private mutating func stdin(
        from reader: inout RecordReader, contentLength: String?, limit: Int
    ) -> Result<[UInt8], FastCGIError> {
        var isLost = false
        let body = RequestBody(limit: limit, undeclared: .readToEnd)
        let stdin = body.read(contentLength: contentLength) { destination in
            var count = 0
            do { try reader.readStdin(into: destination, count: &count) } catch { isLost = true }
            return count
        }
        isStdinUnread = !reader.isStdinAtEnd && !isLost
        guard case .success = stdin else { return stdin }
        isStdinUnread = false
        // Without a CONTENT_LENGTH only the stream itself tells an end from a loss.
        return isLost ? .failure(.peerClosed) : stdin
    }

    private var params: [String: String] {
        guard var entry = raw.pointee.envp else { return [:] }
        var params: [String: String] = [:]
        params.reserveCapacity(48)
        // The first is libfcgi's own FCGI_ROLE.
        if entry.pointee != nil { entry += 1 }
        while let pair = entry.pointee {
            entry += 1
            let bytes = UnsafeRawBufferPointer(start: pair, count: strlen(pair))
            guard let equals = bytes.firstIndex(of: UInt8(ascii: "=")) else { continue }
            // The last of equal names counts: that is how a web server's configuration overrides an earlier line.
            params[String(decoding: bytes[..<equals], as: UTF8.self)] =
                String(decoding: bytes[(equals + 1)...], as: UTF8.self)
        }
        return params
    }

    /// Sends the response and ends the request. Blocks while the web server is not reading.
    mutating func finish(_ response: Response, method: String) {
        // Once more, for the streams: a few microseconds, for 11 kB of every request that waits for its answer.
        do { try begin(beginning) } catch { return abandon() }
        put(response.head)
        put(response.body(forMethod: method))
        // In this order: what closes last carries END_REQUEST, in one write with the end of a small response.
        FCGX_FClose(raw.pointee.err)
        FCGX_FClose(raw.pointee.out)
        close()
    }

    /// Ends the request without a response: the web server hung up, or never was one.
    mutating func abandon() { release() }

    /// After a failure the stream takes no more, and the rest goes nowhere.
    private func put(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { buffer in
            var rest = buffer[...]
            while !rest.isEmpty {
                // libfcgi counts in CInt.
                let piece = UnsafeRawBufferPointer(rebasing: rest.prefix(1 << 30))
                let text = piece.baseAddress?.assumingMemoryBound(to: CChar.self)
                guard FCGX_PutStr(text, CInt(piece.count), raw.pointee.out) >= 0 else { return }
                rest = rest.dropFirst(piece.count)
            }
        }
    }

    /// Closes the socket, even if the web server asked to keep it: a kept connection pins this thread to one idle peer.
    ///
    /// With bytes unread, closing is a reset, and may cost a web server that is still sending the response it has not
    /// read yet. So the writing side closes first, and the rest of the request is read and dropped for a while.
    private mutating func close() {
        if hasUnread() || isStdinUnread {
            shutdown(socket, CInt(SHUT_WR))
            let end = ContinuousClock.now + Self.linger
            var interest = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
            while ContinuousClock.now < end, poll(&interest, 1, 100) >= 0 {
                if interest.revents != 0, !hasUnread() { break }
            }
        }
        release()
    }

    private mutating func release() {
        FCGX_Free(raw, 0)
        raw.pointee.ipcFd = -1
        _ = Glibc.close(socket)
        socket = -1
    }

    /// Reads and drops what has arrived.
    private func hasUnread() -> Bool {
        withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 1) { buffer in
            recv(socket, buffer.baseAddress, buffer.count, CInt(MSG_DONTWAIT)) > 0
        }
    }

    private mutating func openHeadPair() throws(FastCGIError) {
        var pair: (CInt, CInt) = (-1, -1)
        // Nothing here may block: a head is written whole, and then read.
        let type = CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let status = withUnsafeMutableBytes(of: &pair) {
            socketpair(AF_UNIX, type, 0, $0.baseAddress?.assumingMemoryBound(to: CInt.self))
        }
        guard status == 0 else { throw .cannotStart(why: explain(errno)) }
        (headIn, headOut) = pair
    }

    private mutating func closeHeadPair() {
        if headIn >= 0 { _ = Glibc.close(headIn) }
        if headOut >= 0 { _ = Glibc.close(headOut) }
        headIn = -1
        headOut = -1
    }
}
