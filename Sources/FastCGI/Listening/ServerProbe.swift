internal import Glibc
internal import System

/// Asks a FastCGI server for one path, as a web server would (FastCGI 1.0, sections 5 and 6). It blocks.
package enum ServerProbe {
    /// Why there is no answer, in words that follow the address.
    package struct Failure: Error, Equatable, CustomStringConvertible {
        package let description: String
    }

    /// - Returns: the bytes of the answer, headers included.
    package static func get(
        _ path: String, at address: Listener.Address, within limit: Duration
    ) throws(Failure) -> [UInt8] {
        let deadline = ContinuousClock.now + limit
        let connection = try connect(to: address, within: limit)
        defer { close(connection) }
        try send(request(for: path), on: connection, address)
        return try receive(on: connection, address, until: deadline)
    }

    private static func connect(to address: Listener.Address, within limit: Duration) throws(Failure) -> CInt {
        let target =
            switch address {
            case .unix(let path): SocketAddress(unix: path)
            case .tcp(let host, let port): SocketAddress(host: host, port: port)
            case .inherited: SocketAddress?.none
            }
        guard let target else { throw Failure(description: "\(address) is no address that can be asked") }
        let connection: CInt
        do throws(SystemError) {
            connection = try Descriptor.socket(target.family)
        } catch {
            throw Failure(description: "\(error)")
        }
        // Both calls below give up after that.
        var time = timeval(tv_sec: Int(limit.components.seconds), tv_usec: 0)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            setsockopt(connection, SOL_SOCKET, option, &time, socklen_t(MemoryLayout<timeval>.size))
        }
        let status = target.withRaw { raw, length in uninterrupted { Glibc.connect(connection, raw, length) } }
        guard status == 0 else {
            let error = SystemError.last("connect")
            close(connection)
            throw Failure(description: "nothing answers on \(address) (\(error.reason))\(advice(error))")
        }
        return connection
    }

    private static func advice(_ error: SystemError) -> String {
        switch error.code {
        case ENOENT, ECONNREFUSED: ": start the responder"
        case EACCES: ": this user may not connect"
        case EAGAIN: ": it is stuck, or has more connections than it takes"
        default: ""
        }
    }

    private static func request(for path: String) -> [UInt8] {
        let params = [
            ("GATEWAY_INTERFACE", "CGI/1.1"), ("REQUEST_METHOD", "GET"), ("SCRIPT_NAME", path), ("REQUEST_URI", path),
            ("SERVER_PROTOCOL", "HTTP/1.1"), ("HTTP_HOST", "localhost"), ("REMOTE_ADDR", "127.0.0.1"),
        ]
        // All of these are shorter than 128 bytes, so that a length has one byte.
        let pairs = params.flatMap { name, value in
            [UInt8(truncatingIfNeeded: name.utf8.count), UInt8(truncatingIfNeeded: value.utf8.count)] + Array(name.utf8)
                + Array(value.utf8)
        }
        let responder: [UInt8] = [0, 1, 0, 0, 0, 0, 0, 0]
        return Record.bytes(.beginRequest, requestID: 1, responder) + Record.bytes(.params, requestID: 1, pairs)
            + Record.bytes(.params, requestID: 1) + Record.bytes(.stdin, requestID: 1)
    }

    private static func send(
        _ bytes: [UInt8], on connection: CInt, _ address: Listener.Address
    ) throws(Failure) {
        // The kernel takes so few bytes at once.
        let count = bytes.withUnsafeBytes { buffer in
            uninterrupted { Glibc.send(connection, buffer.baseAddress, buffer.count, CInt(MSG_NOSIGNAL)) }
        }
        guard count == bytes.count else { throw Failure(description: "\(address) took no request") }
    }

    private static func receive(
        on connection: CInt, _ address: Listener.Address, until deadline: ContinuousClock.Instant
    ) throws(Failure) -> [UInt8] {
        var received: [UInt8] = []
        var answer: [UInt8] = []
        var room = [UInt8](repeating: 0, count: 4096)
        while received.count + answer.count < answerLimit, .now < deadline {
            let count = room.withUnsafeMutableBytes { buffer in
                uninterrupted { recv(connection, buffer.baseAddress, buffer.count, 0) }
            }
            guard count > 0 else { break }
            received += room[..<count]
            while let record = takeRecord(&received) {
                switch record.kind {
                case Record.Kind.stdout.rawValue: answer += record.content
                case Record.Kind.endRequest.rawValue: return answer
                default: continue
                }
            }
        }
        throw Failure(description: "what listens on \(address) gave no answer in FastCGI")
    }

    /// Takes a whole record from the front of what has been received; nil if more has to be received.
    private static func takeRecord(_ bytes: inout [UInt8]) -> (kind: UInt8, content: [UInt8])? {
        guard bytes.count >= Record.headSize else { return nil }
        let record = bytes.withUnsafeBytes { Record(head: UnsafeRawBufferPointer(rebasing: $0[..<Record.headSize])) }
        let end = Record.headSize + record.contentLength
        guard bytes.count >= end + record.paddingLength else { return nil }
        defer { bytes.removeFirst(end + record.paddingLength) }
        return (record.type, Array(bytes[Record.headSize..<end]))
    }

    /// Bytes.
    private static let answerLimit = 1 << 20
}
