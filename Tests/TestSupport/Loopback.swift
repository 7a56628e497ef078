import Glibc
import Synchronization

/// A real listening socket on 127.0.0.1 that runs a closure, on a thread of its own, for each connection.
///
/// Whatever is open is shut down when the loopback is let go, so that no closure outlives its test for long.
package final class Loopback: Sendable {
    package let port: UInt16
    private let listener: CInt
    private let connections = Connections()

    /// - Parameter serve: may block. Its connection is closed when it returns.
    package init(_ serve: @escaping @Sendable (Connection) -> Void) {
        let (listener, port) = Self.listen()
        self.listener = listener
        self.port = port
        onThread { [connections] in
            while case let socket = accept(listener, nil, nil), socket >= 0 {
                // A program that a test starts meanwhile would hold it open.
                _ = fcntl(socket, F_SETFD, FD_CLOEXEC)
                guard connections.add(socket) else { break }
                onThread {
                    serve(Connection(socket))
                    connections.remove(socket)
                }
            }
            close(listener)
        }
    }

    deinit {
        connections.shutDown()
        shutdown(listener, CInt(SHUT_RDWR))
    }

    package var url: String { "http://127.0.0.1:\(port)" }

    /// Connections accepted so far.
    package var acceptCount: Int { connections.acceptCount }

    private static func listen() -> (CInt, UInt16) {
        let listener = socket(AF_INET, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let port: UInt16 = withUnsafeMutablePointer(to: &address) { raw in
            raw.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                precondition(bind(listener, $0, length) == 0)
                precondition(Glibc.listen(listener, 4096) == 0)
                getsockname(listener, $0, &length)
            }
            return UInt16(bigEndian: raw.pointee.sin_port)
        }
        return (listener, port)
    }

    private final class Connections: Sendable {
        private struct State {
            var open: Set<CInt> = []
            var acceptCount = 0
            var isShutDown = false
        }
        private let state = Mutex(State())

        var acceptCount: Int { state.withLock { $0.acceptCount } }

        func add(_ socket: CInt) -> Bool {
            state.withLock { state in
                guard !state.isShutDown else {
                    close(socket)
                    return false
                }
                state.acceptCount += 1
                state.open.insert(socket)
                return true
            }
        }

        /// Closes under the lock: the number may be somebody else's right after.
        func remove(_ socket: CInt) {
            state.withLock { state in
                state.open.remove(socket)
                _ = close(socket)
            }
        }

        func shutDown() {
            state.withLock { state in
                state.isShutDown = true
                for socket in state.open { shutdown(socket, CInt(SHUT_RDWR)) }
            }
        }
    }
}

extension Loopback {
    /// One accepted connection, for blocking use.
    package struct Connection: Sendable {
        package let socket: CInt

        package init(_ socket: CInt) { self.socket = socket }

        /// One HTTP request with its body; nil if the peer has closed.
        package func readRequest() -> Request? {
            var bytes: [UInt8] = []
            var isExpected = false
            while true {
                if let request = Request(bytes) { return request }
                if !isExpected, Request.expectsContinue(bytes) {
                    isExpected = true
                    write("HTTP/1.1 100 Continue\r\n\r\n")
                }
                guard let more = read() else { return nil }
                bytes += more
            }
        }

        /// What has arrived, at least a byte; nil if the peer has closed.
        package func read() -> [UInt8]? {
            let bytes = [UInt8](unsafeUninitializedCapacity: 1 << 16) { buffer, count in
                count = max(0, recv(socket, buffer.baseAddress, buffer.count, 0))
            }
            return bytes.isEmpty ? nil : bytes
        }

        /// False: the peer has closed.
        @discardableResult
        package func write(_ bytes: [UInt8]) -> Bool {
            var sent = 0
            while sent < bytes.count {
                let count = bytes[sent...].withUnsafeBytes {
                    send(socket, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL))
                }
                guard count > 0 else { return false }
                sent += count
            }
            return true
        }

        @discardableResult
        package func write(_ text: String) -> Bool { write(Array(text.utf8)) }

        /// A whole response.
        @discardableResult
        package func respond(_ body: String = "", status: String = "200 OK", headers: [String] = []) -> Bool {
            let lines = ["HTTP/1.1 \(status)", "Content-Length: \(body.utf8.count)"] + headers
            return write(lines.joined(separator: "\r\n") + "\r\n\r\n" + body)
        }

        /// A chunk of a `Transfer-Encoding: chunked` body; an empty one ends it.
        @discardableResult
        package func write(chunk: String) -> Bool {
            write("\(String(chunk.utf8.count, radix: 16))\r\n\(chunk)\r\n")
        }

        /// Waits until the peer has closed, whatever it still sends.
        package func waitForHangUp() {
            while read() != nil {}
        }

        /// The connection ends with RST instead of FIN.
        package func resetOnClose() {
            var option = linger(l_onoff: 1, l_linger: 0)
            setsockopt(socket, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        }
    }

    package struct Request: Equatable, Sendable {
        /// As in `POST /path HTTP/1.1`.
        package var line: String
        /// As sent, without line ends.
        package var headers: [String]
        package var body: [UInt8]

        /// Nil: not all there. Understands `Content-Length` only.
        init?(_ bytes: [UInt8]) {
            guard let end = bytes.firstRange(of: "\r\n\r\n".utf8) else { return nil }
            let head = String(decoding: bytes[..<end.lowerBound], as: UTF8.self)
            var lines = head.split(separator: "\r\n").map(String.init)
            line = lines.removeFirst()
            headers = lines
            let length = headers.first { $0.lowercased().hasPrefix("content-length:") }?.split(separator: ":").last
            guard bytes.count - end.upperBound >= Int(length?.filter(\.isNumber) ?? "0") ?? 0 else { return nil }
            body = Array(bytes[end.upperBound...])
        }

        /// Whether the peer waits for a word before it sends the body.
        fileprivate static func expectsContinue(_ bytes: [UInt8]) -> Bool {
            guard let end = bytes.firstRange(of: "\r\n\r\n".utf8) else { return false }
            return String(decoding: bytes[..<end.lowerBound], as: UTF8.self).lowercased()
                .contains("\r\nexpect: 100-continue")
        }
    }
}
