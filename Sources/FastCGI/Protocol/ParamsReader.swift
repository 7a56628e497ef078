internal import CFastCGI
internal import Glibc
internal import System

/// Lets libfcgi parse the params of one request after another. libfcgi never gets the web server's socket; it gets
/// checked heads through a socket pair.
///
/// libfcgi's streams keep a pointer to the `FCGX_Request`, so it is allocated at a fixed address; a Swift `var` passed
/// as `&request` may move.
struct ParamsReader: ~Copyable {
    private let raw: UnsafeMutablePointer<FCGX_Request>
    /// The socket pair: the head is written to one end, and libfcgi reads it from the other. -1 if there is no pair.
    private var headIn: CInt = -1
    private var headOut: CInt = -1

    init() {
        raw = .allocate(capacity: 1)
        // Without a listener libfcgi cannot accept connections by itself.
        FCGX_InitRequest(raw, -1, 0)
    }

    deinit {
        if headIn >= 0 { _ = close(headIn) }
        if headOut >= 0 { _ = close(headOut) }
        raw.deallocate()
    }

    /// - Throws: `.peerClosed` for a head that libfcgi cannot read, `.cannotStart` if there are no descriptors.
    mutating func params(of head: RequestHead) throws(FastCGIError) -> [String: String] {
        if headOut < 0 { try openPair() }
        let bytes = head.bytes
        guard write(headIn, bytes, bytes.count) == bytes.count else {
            closePair()
            throw .peerClosed
        }
        // FCGX_Accept_r takes this for a connection that was kept open, and reads the next request from it. If it
        // cannot, it closes the descriptor and accepts from listener -1, which fails.
        raw.pointee.ipcFd = headOut
        raw.pointee.keepConnection = 1
        guard FCGX_Accept_r(raw) == 0 else {
            headOut = -1
            closePair()
            throw .peerClosed
        }
        defer { FCGX_Free(raw, 0) }
        return copiedParams()
    }

    private func copiedParams() -> [String: String] {
        guard var entry = raw.pointee.envp else { return [:] }
        var params: [String: String] = [:]
        params.reserveCapacity(48)
        // The first entry is FCGI_ROLE, which libfcgi adds.
        if entry.pointee != nil { entry += 1 }
        while let pair = entry.pointee {
            entry += 1
            let bytes = UnsafeRawBufferPointer(start: pair, count: strlen(pair))
            guard let equals = bytes.firstIndex(of: UInt8(ascii: "=")) else { continue }
            // Of equal names the last counts, because that is how a line of a web server's configuration overrides an
            // earlier one.
            params[String(decoding: bytes[..<equals], as: UTF8.self)] =
                String(decoding: bytes[(equals + 1)...], as: UTF8.self)
        }
        return params
    }

    private mutating func openPair() throws(FastCGIError) {
        do throws(SystemError) {
            // The sockets must not block, because the same thread first writes the whole head and then reads it.
            (headIn, headOut) = try Descriptor.socketPair(isBlocking: false)
        } catch {
            throw .cannotStart(why: "\(error)")
        }
    }

    private mutating func closePair() {
        if headIn >= 0 { _ = close(headIn) }
        if headOut >= 0 { _ = close(headOut) }
        headIn = -1
        headOut = -1
    }
}
