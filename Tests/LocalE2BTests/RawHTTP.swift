import Foundation
import Synchronization

@testable import LocalE2B

/// A client that sees what a connection really carries: chunks, missing ends, resets.
struct RawHTTP: Sendable {
    struct Answer: Sendable {
        var status = 0
        var headers: [String: String] = [:]
        /// Without the chunks' framing.
        var bytes: [UInt8] = []
        var body: String { String(decoding: bytes, as: UTF8.self) }
        /// The final chunk came, or as many bytes as `Content-Length` said.
        var isWhole = false

        var json: [String: Any] {
            (try? JSONSerialization.jsonObject(with: Data(body.utf8)) as? [String: Any]) ?? [:]
        }

        /// The messages of a Connect stream, and its end.
        func messages() throws -> (events: [[String: Any]], end: [String: Any]?) {
            var (events, end) = ([[String: Any]](), [String: Any]?.none)
            for envelope in try ConnectEnvelope.all(in: bytes, limit: 1 << 30) {
                let message = try JSONSerialization.jsonObject(with: Data(envelope.payload)) as? [String: Any] ?? [:]
                if envelope.isEnd { end = message } else { events.append(message["event"] as? [String: Any] ?? [:]) }
            }
            return (events, end)
        }

        /// Of a Connect stream: what the process wrote to `name`.
        func output(_ name: String = "stdout") throws -> Data {
            var output = Data()
            for event in try messages().events {
                let data = (event["data"] as? [String: Any])?[name] as? String
                output += data.flatMap { Data(base64Encoded: $0) } ?? Data()
            }
            return output
        }

        var lines: [String] { body.utf8.split(separator: 0x0A).map { String(decoding: $0, as: UTF8.self) } }
    }

    let port: UInt16

    /// - Parameter leaveAfter: closes the connection when this text has come.
    func send(
        _ method: String, _ path: String, _ headers: [String: String] = [:], body: String = "",
        leaveAfter: String? = nil
    ) async -> Answer {
        await send(method, path, headers, body: Array(body.utf8), leaveAfter: leaveAfter)
    }

    func send(
        _ method: String, _ path: String, _ headers: [String: String] = [:], body: [UInt8], leaveAfter: String? = nil
    ) async -> Answer {
        let bytes = request(method, path, headers, body)
        // A thread, because the server under test needs the cooperative pool.
        return await withCheckedContinuation { continuation in
            Thread.detachNewThread { continuation.resume(returning: exchange(bytes, leaveAfter: leaveAfter)) }
        }
    }

    /// Sends a request and reads nothing. The caller closes the descriptor.
    func hold(_ method: String, _ path: String, _ headers: [String: String], body: String) -> CInt {
        open(request(method, path, headers, Array(body.utf8)))
    }

    private func request(_ method: String, _ path: String, _ headers: [String: String], _ body: [UInt8]) -> [UInt8] {
        var head = "\(method) \(path) HTTP/1.1\r\nConnection: close\r\nContent-Length: \(body.count)\r\n"
        for (name, value) in headers.merging(["Host": "127.0.0.1"], uniquingKeysWith: { own, _ in own }) {
            head += "\(name): \(value)\r\n"
        }
        return Array("\(head)\r\n".utf8) + body
    }

    private func open(_ request: [UInt8]) -> CInt {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var patience = timeval(tv_sec: 300, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard status == 0 else { return descriptor }
        var rest = request[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Foundation.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { break }
            rest = rest.dropFirst(count)
        }
        return descriptor
    }

    private func exchange(_ request: [UInt8], leaveAfter: String?) -> Answer {
        let descriptor = open(request)
        defer { close(descriptor) }
        var received: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 1 << 20)
        let end = leaveAfter.map { Array($0.utf8) }
        while true {
            let count = recv(descriptor, &piece, piece.count, 0)
            guard count > 0 else { break }
            received += piece[..<count]
            if let end, received.firstRange(of: end) != nil { break }
        }
        return parse(received)
    }

    private func parse(_ bytes: [UInt8]) -> Answer {
        guard let split = bytes.firstRange(of: Array("\r\n\r\n".utf8)) else { return Answer() }
        let head = String(decoding: bytes[..<split.lowerBound], as: UTF8.self).components(separatedBy: "\r\n")
        var answer = Answer()
        answer.status = Int(head[0].split(separator: " ")[1]) ?? 0
        for line in head.dropFirst() {
            let pair = line.split(separator: ":", maxSplits: 1)
            answer.headers[pair[0].lowercased()] = pair[1].trimmingCharacters(in: .whitespaces)
        }
        var rest = bytes[split.upperBound...]
        guard answer.headers["transfer-encoding"] == "chunked" else {
            answer.isWhole = Int(answer.headers["content-length"] ?? "") == rest.count
            answer.bytes = Array(rest)
            return answer
        }
        var body: [UInt8] = []
        while let line = rest.firstIndex(of: 0x0A),
            let size = Int(String(decoding: rest[..<line].dropLast(), as: UTF8.self), radix: 16)
        {
            rest = rest[(line + 1)...]
            if size == 0 { answer.isWhole = true }
            body += rest.prefix(size)
            rest = rest.dropFirst(size + 2)
        }
        answer.bytes = body
        return answer
    }
}
