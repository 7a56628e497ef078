internal import CFastCGI
internal import Glibc

/// An `FCGX_Request`, reused for one request after another by the thread that owns it.
///
/// libfcgi's streams keep a pointer back to the struct, so it lives at a fixed heap address; a Swift `var` passed as
/// `&request` has no such promise. The socket is ours: we accept it and we close it, because libfcgi's closing waits
/// for as long as the peer keeps sending.
struct Connection: ~Copyable {
    /// How long a response may wait for a web server that is still sending its request. See ``close()``.
    private static let linger = Duration.seconds(2)

    private let raw: UnsafeMutablePointer<FCGX_Request>
    private(set) var socket: CInt = -1
    /// Whether the web server may still be sending a body that nobody reads.
    private var isStdinUnread = false

    init() {
        raw = .allocate(capacity: 1)
        // No listener: libfcgi never accepts by itself.
        FCGX_InitRequest(raw, -1, 0)
    }

    deinit { raw.deallocate() }

    /// Reads the request's begin and its params from a new connection.
    ///
    /// - Parameter socket: closed by the time the request ends.
    /// - Returns: false if what came is no FastCGI request, or came too slowly; the socket is closed then.
    mutating func begin(on socket: CInt) -> Bool {
        // This is how a kept connection looks to FCGX_Accept_r: it reads the next request from it. When it fails it
        // closes the connection (without lingering, if detached) and accepts from listener -1, which ends the call.
        raw.pointee.ipcFd = socket
        raw.pointee.keepConnection = 1
        raw.pointee.detached = 1
        guard FCGX_Accept_r(raw) == 0 else { return false }
        self.socket = socket
        isStdinUnread = true
        return true
    }

    /// FastCGI 1.0, section 6.
    var isResponder: Bool { raw.pointee.role == 1 }

    /// Copies params and the whole of stdin.
    mutating func request(bodyLimit: Int) -> FastCGIRequest {
        let params = params
        let body = RequestBody(limit: bodyLimit, undeclared: .readToEnd)
        var stdin = body.read(contentLength: params["CONTENT_LENGTH"]) { buffer in
            var filled = 0
            while filled < buffer.count {
                // libfcgi counts in CInt.
                let room = UnsafeMutableRawBufferPointer(rebasing: buffer[filled...].prefix(1 << 30))
                let count = FCGX_GetStr(
                    room.baseAddress?.assumingMemoryBound(to: CChar.self), CInt(room.count), raw.pointee.in)
                filled += Int(count)
                if count < room.count { break }
            }
            return filled
        }
        // Without a CONTENT_LENGTH only the stream itself tells an end from a loss.
        if case .success = stdin, FCGX_GetError(raw.pointee.in) != 0 { stdin = .failure(.peerClosed) }
        if case .success = stdin { isStdinUnread = false }
        if FCGX_HasSeenEOF(raw.pointee.in) != 0 { isStdinUnread = false }
        return FastCGIRequest(params: params, stdin: stdin)
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
        write(response.head)
        write(response.body(forMethod: method))
        // In this order: what closes last carries END_REQUEST, in one write with the end of a small response.
        FCGX_FClose(raw.pointee.err)
        FCGX_FClose(raw.pointee.out)
        close()
    }

    /// Ends the request without a response: the web server hung up.
    mutating func abandon() {
        isStdinUnread = false
        close()
    }

    /// Ends a request of a role that we do not play. FastCGI 1.0, section 5.5.
    mutating func refuseRole() {
        let id = raw.pointee.requestId
        let unknownRole: UInt8 = 3
        let record: [UInt8] =
            [1, 3, UInt8(id >> 8 & 0xff), UInt8(id & 0xff), 0, 8, 0, 0] + [0, 0, 0, 0, unknownRole, 0, 0, 0]
        _ = Glibc.write(socket, record, record.count)
        close()
    }

    /// After a failure the stream takes no more, and the rest goes nowhere.
    private func write(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { buffer in
            var rest = buffer[...]
            while !rest.isEmpty {
                let piece = UnsafeRawBufferPointer(rebasing: rest.prefix(1 << 30))
                guard
                    FCGX_PutStr(
                        piece.baseAddress?.assumingMemoryBound(to: CChar.self), CInt(piece.count), raw.pointee.out) >= 0
                else { return }
                rest = rest.dropFirst(piece.count)
            }
        }
    }

    /// Closes the socket, even if the web server asked to keep it: a kept connection pins this thread to one idle peer.
    ///
    /// With bytes unread, closing is a reset, and may cost a web server that is still sending the response it has not
    /// read yet. So the writing side closes first, and the rest of the request is read and dropped for a while.
    private mutating func close() {
        FCGX_Free(raw, 0)
        raw.pointee.ipcFd = -1
        if hasUnread() || isStdinUnread {
            shutdown(socket, CInt(SHUT_WR))
            let end = ContinuousClock.now + Self.linger
            var interest = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
            while ContinuousClock.now < end, poll(&interest, 1, 100) >= 0 {
                if interest.revents != 0, !hasUnread() { break }
            }
        }
        _ = Glibc.close(socket)
        socket = -1
    }

    /// Reads and drops what has arrived.
    private func hasUnread() -> Bool {
        withUnsafeTemporaryAllocation(byteCount: 8192, alignment: 1) { buffer in
            recv(socket, buffer.baseAddress, buffer.count, CInt(MSG_DONTWAIT)) > 0
        }
    }
}
