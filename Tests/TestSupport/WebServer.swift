internal import Glibc

/// Speaks the web server's side of FastCGI over a real socket: well, or as badly as a test wants.
///
/// One connection, one request. Nothing waits longer than the patience given, so that a test fails instead of hanging. What
/// blocks has a thread of its own: the cooperative pool is for the responder under test, whose handlers run on it.
package final class WebServer: Sendable {
    package enum Failure: Error, Equatable {
        case connect(errno: Int32)
        /// The responder hung up before it had taken everything.
        case send(errno: Int32)
    }

    /// FastCGI 1.0, section 8.
    package enum RecordType: UInt8, Sendable {
        case beginRequest = 1, abortRequest, endRequest, params, stdin, stdout, stderr, data, getValues, getValuesResult
        case unknownType
    }

    /// What came back, up to END_REQUEST, the end of the connection, or the end of patience.
    package struct Answer: Equatable, Sendable {
        package var stdout: [UInt8] = []
        package var stderr: [UInt8] = []
        /// Of END_REQUEST; nil if none came.
        package var appStatus: UInt32?
        /// Of END_REQUEST: 0 complete, 1 cannot multiplex, 2 overloaded, 3 unknown role.
        package var protocolStatus: UInt8?
        /// Other requests than ours that END_REQUEST named.
        package var refused: [UInt16] = []
        /// Whether the responder closed the connection.
        package var isClosed = false

        package var isEnded: Bool { protocolStatus != nil }
        package var text: String { String(decoding: stdout, as: UTF8.self) }
        package var body: [UInt8] { headAndBody.body }
        package var bodyText: String { String(decoding: body, as: UTF8.self) }
        /// Of the `Status:` line.
        package var status: Int? { header("Status").flatMap { Int($0.prefix(3)) } }

        package var headers: [(name: String, value: String)] {
            headAndBody.head.split(separator: "\r\n").map { line in
                let parts = line.split(separator: ":", maxSplits: 1).map(String.init)
                return (parts[0], parts.count > 1 ? String(parts[1].drop { $0 == " " }) : "")
            }
        }

        package func header(_ name: String) -> String? {
            headers.first { $0.name.lowercased() == name.lowercased() }?.value
        }

        private var headAndBody: (head: String, body: [UInt8]) {
            let blank = Array("\r\n\r\n".utf8)
            var start = 0
            while start + 4 <= stdout.count {
                if Array(stdout[start..<start + 4]) == blank {
                    return (String(decoding: stdout[..<start], as: UTF8.self), Array(stdout[(start + 4)...]))
                }
                start += 1
            }
            return ("", [])
        }
    }

    private let socket: CInt

    package init(unix path: String, patience seconds: Int = 120) throws {
        socket = Glibc.socket(AF_UNIX, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        try connect(address, patience: seconds)
    }

    /// On 127.0.0.1.
    package init(tcp port: UInt16, patience seconds: Int = 120) throws {
        socket = Glibc.socket(AF_INET, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        try connect(address, patience: seconds)
    }

    deinit { close(socket) }

    private func connect<Address>(_ address: Address, patience seconds: Int) throws {
        var limit = timeval(tv_sec: seconds, tv_usec: 0)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        let status = withUnsafePointer(to: address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(socket, $0, socklen_t(MemoryLayout<Address>.size))
            }
        }
        guard status == 0 else { throw Failure.connect(errno: errno) }
    }

    // MARK: Sending

    /// A whole request.
    ///
    /// - Parameter stdin: also its `CONTENT_LENGTH`, unless `params` has one.
    package func send(_ params: [String: String], stdin: [UInt8] = [], keepConnection: Bool = false) async throws {
        var params = params
        if params["CONTENT_LENGTH"] == nil, !stdin.isEmpty { params["CONTENT_LENGTH"] = String(stdin.count) }
        try await sendBytes(
            Self.begin(keepConnection: keepConnection) + Self.params(params) + Self.stream(.stdin, stdin)
                + Self.record(.stdin, []))
    }

    /// Any bytes at all.
    ///
    /// - Throws: `.send` if the responder has hung up.
    package func sendBytes(_ bytes: [UInt8]) async throws {
        try await withCheckedThrowingContinuation { continuation in
            onThread { continuation.resume(with: Result { try self.writeBytes(bytes) }) }
        }
    }

    private func writeBytes(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                Glibc.send(socket, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw Failure.send(errno: errno) }
            sent += count
        }
    }

    /// Hangs up, while this object lives on. Half-way: the responder sees the end of our side only.
    package func hangUp(halfWay: Bool = false) {
        shutdown(socket, CInt(halfWay ? SHUT_WR : SHUT_RDWR))
    }

    // MARK: Receiving

    /// Whether the responder has closed the connection, a Unix one. Reads nothing of what has come.
    package var isHungUpOn: Bool {
        var descriptor = pollfd(fd: socket, events: 0, revents: 0)
        return poll(&descriptor, 1, 0) == 1 && descriptor.revents & Int16(POLLHUP | POLLERR) != 0
    }

    /// Reads up to END_REQUEST and then, the responder being one that closes, up to the end of the connection.
    ///
    /// - Parameter pause: between two reads of at most `piece` bytes, for a web server that is slow.
    package func answer(piece: Int = 1 << 16, pause: Duration = .zero) async -> Answer {
        await withCheckedContinuation { continuation in
            onThread { continuation.resume(returning: self.readAnswer(piece: piece, pause: pause)) }
        }
    }

    private func readAnswer(piece: Int, pause: Duration) -> Answer {
        var answer = Answer()
        var pending: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: piece)
        while true {
            let count = recv(socket, &buffer, buffer.count, 0)
            if count <= 0 {
                answer.isClosed = count == 0 || errno == ECONNRESET
                return answer
            }
            pending += buffer[..<count]
            pending.removeFirst(answer.takeRecords(of: pending))
            if pause > .zero { usleep(UInt32(pause / .microseconds(1))) }
        }
    }

    /// Bytes that have arrived, waiting for at least one; empty at the end of the connection.
    package func receiveBytes(_ count: Int = 4096) async -> [UInt8] {
        await withCheckedContinuation { continuation in
            onThread {
                var buffer = [UInt8](repeating: 0, count: count)
                let received = recv(self.socket, &buffer, count, 0)
                continuation.resume(returning: Array(buffer.prefix(max(received, 0))))
            }
        }
    }
}

// MARK: Records

extension WebServer {
    /// - Parameter id: of the request; 0 for management records.
    package static func record(_ type: RecordType, _ content: [UInt8], id: UInt16 = 1) -> [UInt8] {
        let header: [UInt8] = [
            1, type.rawValue, UInt8(id >> 8), UInt8(id & 0xff), UInt8(content.count >> 8), UInt8(content.count & 0xff),
            0,
            0,
        ]
        return header + content
    }

    /// - Parameter role: 1 responder, 2 authorizer, 3 filter.
    package static func begin(role: UInt8 = 1, keepConnection: Bool = false, id: UInt16 = 1) -> [UInt8] {
        record(.beginRequest, [0, role, keepConnection ? 1 : 0, 0, 0, 0, 0, 0], id: id)
    }

    /// All params and their end.
    package static func params(_ params: [String: String]) -> [UInt8] {
        stream(.params, params.flatMap { pair(Array($0.key.utf8), Array($0.value.utf8)) }) + record(.params, [])
    }

    package static func pair(_ name: [UInt8], _ value: [UInt8]) -> [UInt8] {
        func length(_ count: Int) -> [UInt8] {
            count < 0x80
                ? [UInt8(count)]
                : [UInt8(count >> 24) | 0x80, UInt8(count >> 16 & 0xff), UInt8(count >> 8 & 0xff), UInt8(count & 0xff)]
        }
        return length(name.count) + length(value.count) + name + value
    }

    /// A stream's content in as many records as it takes, without its end.
    package static func stream(_ type: RecordType, _ content: [UInt8], id: UInt16 = 1) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = content[...]
        while !rest.isEmpty {
            bytes += record(type, Array(rest.prefix(0xffff)), id: id)
            rest = rest.dropFirst(0xffff)
        }
        return bytes
    }
}

extension WebServer.Answer {
    /// - Returns: the number of bytes that were whole records.
    fileprivate mutating func takeRecords(of bytes: [UInt8]) -> Int {
        var start = 0
        while start + 8 <= bytes.count {
            let count = Int(bytes[start + 4]) << 8 | Int(bytes[start + 5])
            let end = start + 8 + count + Int(bytes[start + 6])
            guard end <= bytes.count else { break }
            let content = bytes[start + 8..<start + 8 + count]
            switch WebServer.RecordType(rawValue: bytes[start + 1]) {
            case .stdout: stdout += content
            case .stderr: stderr += content
            case .endRequest where bytes[start + 2] != 0 || bytes[start + 3] != 1:
                refused.append(UInt16(bytes[start + 2]) << 8 | UInt16(bytes[start + 3]))
            case .endRequest where count == 8:
                appStatus = content.prefix(4).reduce(0) { $0 << 8 | UInt32($1) }
                protocolStatus = content[content.startIndex + 4]
            default: break
            }
            start = end
        }
        return start
    }
}
