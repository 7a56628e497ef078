import Foundation
import Glibc

/// HTTP requests that cost less than a process each, for load.
package enum PlainHTTP {
    /// Sends JSON to a port of 127.0.0.1.
    ///
    /// - Returns: the status; nil if there is no answer.
    package static func post(_ path: String, _ body: String, port: Int) async -> Int? {
        await withCheckedContinuation { continuation in
            onThread { continuation.resume(returning: exchange(path, body, port)) }
        }
    }

    private static func exchange(_ path: String, _ body: String, _ port: Int) -> Int? {
        let socket = Glibc.socket(AF_INET, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        defer { close(socket) }
        var patience = timeval(tv_sec: 300, tv_usec: 0)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let status = withUnsafePointer(to: address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard status == 0 else { return nil }
        let connection = Loopback.Connection(socket)
        let head = [
            "POST \(path) HTTP/1.1", "Host: 127.0.0.1:\(port)", "Content-Type: application/json",
            "Content-Length: \(body.utf8.count)", "Connection: close",
        ]
        guard connection.write(head.joined(separator: "\r\n") + "\r\n\r\n" + body) else { return nil }
        var answer: [UInt8] = []
        while let bytes = connection.read() { answer += bytes }
        return (try? HTTPReply(parsing: Data(answer)))?.status
    }
}
