internal import CFastCGI
internal import Glibc
internal import System

/// Has libfcgi read the params of one request after another. It never gets at the web server's socket: a head that has been
/// checked reaches it through a socket pair.
///
/// libfcgi's streams keep a pointer back to the `FCGX_Request`, so that lives at a fixed heap address; a Swift `var` passed
/// as `&request` has no such promise.
struct ParamsReader: ~Copyable {
    private let raw: UnsafeMutablePointer<FCGX_Request>
    /// The head goes in at one end, libfcgi reads it from the other. -1 if there is no pair.
    private var headIn: CInt = -1
    private var headOut: CInt = -1

    init() {
        raw = .allocate(capacity: 1)
        // No listener: libfcgi never accepts by itself.
        FCGX_InitRequest(raw, -1, 0)
    }

    deinit {
        if headIn >= 0 { _ = close(headIn) }
        if headOut >= 0 { _ = close(headOut) }
        raw.deallocate()
    }

    /// - Throws: `.peerClosed` for what libfcgi does not read, `.cannotStart` without descriptors.
    mutating func params(of head: RequestHead) throws(FastCGIError) -> [String: String] {
        if headOut < 0 { try openPair() }
        let bytes = head.bytes
        guard write(headIn, bytes, bytes.count) == bytes.count else {
            closePair()
            throw .peerClosed
        }
        // This is how a kept connection looks to FCGX_Accept_r: it reads the next request from it. If it cannot, it
        // closes the descriptor and accepts from listener -1, which ends the call.
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

    private mutating func openPair() throws(FastCGIError) {
        do throws(SystemError) {
            // Nothing here may block: a head is written whole, and then read.
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
