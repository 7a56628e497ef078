package import FastCGI
import Glibc
import Synchronization
package import System

/// Answers `GET /status` and `GET /metrics` by HTTP on a socket of its own, on a thread of its own: also when all connections of the
/// web server are taken, and all other threads are busy.
///
/// One connection is served after the other, each within a second or two. Whoever may connect may know: a Unix socket has mode 0660,
/// and TCP is on a loopback address.
package final class StatusServer: Sendable {
    private struct State {
        var isStopping = false
        var hasEnded = false
    }

    private let address: Listener.Address
    private let status: @Sendable () -> ServiceStatus
    private let warn: @Sendable (String) -> Void
    private let state = Mutex(State())
    /// A pipe that wakes the thread.
    private let wake: (read: CInt, write: CInt)

    private static let headLimit = 8 << 10
    private static let patience = Duration.seconds(1)

    /// Starts to serve. A socket that another process has is waited for: its process may be about to end.
    ///
    /// - Throws: if the system grants no thread.
    package init(
        at address: Listener.Address, _ status: @escaping @Sendable () -> ServiceStatus,
        warn: @escaping @Sendable (String) -> Void
    ) throws(SystemError) {
        self.address = address
        self.status = status
        self.warn = warn
        wake = try Descriptor.pipe(isBlocking: false)
        try startThread(named: "status", stackSize: 512 << 10) { self.run() }
    }

    /// Ends the service, and removes the socket's file. Waits for that, but not for long.
    package func stop() {
        state.withLock { $0.isStopping = true }
        _ = write(wake.write, "x", 1)
        let end = ContinuousClock.now + .seconds(3)
        while ContinuousClock.now < end, !state.withLock({ $0.hasEnded }) { usleep(1000) }
    }

    private var isStopping: Bool { state.withLock { $0.isStopping } }

    private func run() {
        if let listener = listen() {
            while !isStopping {
                guard isReady(listener.descriptor, .forever) else { continue }
                let connection = accept(listener.descriptor, nil, nil)
                guard connection >= 0 else {
                    // Out of descriptors, perhaps: the connection stays in the queue.
                    if errno != EAGAIN, errno != EINTR { usleep(100_000) }
                    continue
                }
                Descriptor.closeOnExec(connection)
                Descriptor.makeNonBlocking(connection)
                serve(connection, isUnix: address.isUnix)
                close(connection)
            }
            listener.close()
        }
        state.withLock { $0.hasEnded = true }
    }

    private func listen() -> Listener? {
        var hasWarned = false
        while !isStopping {
            do throws(FastCGIError) {
                return try Listener(address)
            } catch {
                if !hasWarned { warn("E2B_FCGI_STATUS_LISTEN: \(error). It is tried again.") }
                hasWarned = true
            }
            _ = isReady(nil, .milliseconds(1000))
        }
        return nil
    }

    // MARK: A connection

    private func serve(_ connection: CInt, isUnix: Bool) {
        let end = ContinuousClock.now + Self.patience
        var head: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 2048)
        while !head.isWholeHead, head.count < Self.headLimit {
            let left = end - .now
            guard left > .zero, isReady(connection, .milliseconds(left.wholeMilliseconds), wakes: false) else { return }
            let count = read(connection, &buffer, buffer.count)
            guard count > 0 else {
                if count < 0, errno == EAGAIN || errno == EINTR { continue }
                return
            }
            head += buffer[..<count]
        }
        send(answer(to: String(decoding: head, as: UTF8.self), isUnix: isUnix), on: connection)
    }

    /// Makes the whole answer to a request.
    func answer(to head: String, isUnix: Bool) -> [UInt8] {
        let lines = head.split(separator: "\r\n", omittingEmptySubsequences: false)
        let words = lines.first?.split(separator: " ") ?? []
        guard words.count == 3, words[2].hasPrefix("HTTP/1.") else { return Self.plain("400 Bad Request", "No HTTP.") }
        guard words[0] == "GET" || words[0] == "HEAD" else {
            return Self.plain("405 Method Not Allowed", "Only GET is answered.")
        }
        // A web page may have this machine's address under its own name, and must not read this.
        guard isUnix || lines.hasLoopbackHost, !lines.hasHeader("origin") else {
            return Self.plain("403 Forbidden", "Only programs on this machine are answered, at localhost or 127.0.0.1.")
        }
        let parts = words[1].split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        guard let page = OperatingPage.allCases.first(where: { $0.path == parts[0] }) else {
            return Self.plain(
                "404 Not Found", "Here are \(EndpointPath.status), with ?json and ?full, and \(EndpointPath.metrics).")
        }
        let (type, body) = page.content(query: parts.count > 1 ? parts[1] : "", of: status())
        return Self.response("200 OK", type, body, hasBody: words[0] == "GET")
    }

    private static func plain(_ status: String, _ sentence: String) -> [UInt8] {
        response(status, "text/plain; charset=utf-8", Array((sentence + "\n").utf8), hasBody: true)
    }

    private static func response(_ status: String, _ type: String, _ body: [UInt8], hasBody: Bool) -> [UInt8] {
        let head =
            "HTTP/1.1 \(status)\r\nContent-Type: \(type)\r\nContent-Length: \(body.count)\r\nCache-Control: no-store\r\n"
            + "X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n"
        return Array(head.utf8) + (hasBody ? body : [])
    }

    private func send(_ bytes: [UInt8], on connection: CInt) {
        let end = ContinuousClock.now + Self.patience
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.send(connection, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL)) }
            if count > 0 {
                rest = rest.dropFirst(count)
                continue
            }
            guard errno == EAGAIN || errno == EINTR else { return }
            let left = end - .now
            var interest = pollfd(fd: connection, events: Int16(POLLOUT), revents: 0)
            guard left > .zero, poll(&interest, 1, CInt(left.wholeMilliseconds)) > 0 else { return }
        }
        shutdown(connection, CInt(SHUT_WR))
    }

    // MARK: Waiting

    private enum Limit {
        case forever
        case milliseconds(Int)
    }

    /// Waits until something can be read.
    ///
    /// - Parameters:
    ///   - descriptor: nil to wait for the end alone.
    ///   - wakes: whether the end of the service ends the wait.
    private func isReady(_ descriptor: CInt?, _ limit: Limit, wakes: Bool = true) -> Bool {
        var interests = [
            pollfd(fd: descriptor ?? -1, events: Int16(POLLIN), revents: 0),
            pollfd(fd: wakes ? wake.read : -1, events: Int16(POLLIN), revents: 0),
        ]
        let time: CInt =
            switch limit {
            case .forever: -1
            case .milliseconds(let count): CInt(count)
            }
        return poll(&interests, 2, time) > 0 && interests[0].revents != 0
    }
}

extension Listener.Address {
    fileprivate var isUnix: Bool { if case .unix = self { true } else { false } }
}

extension [UInt8] {
    /// Whether the bytes have the empty line that ends the head of a request.
    fileprivate var isWholeHead: Bool {
        let end = Array("\r\n\r\n".utf8)
        guard count >= end.count else { return false }
        return (0...(count - end.count)).contains { self[$0..<($0 + end.count)].elementsEqual(end) }
    }
}

extension [Substring] {
    /// The values of a header in the lines of a head.
    private func values(of name: String) -> [String] {
        dropFirst().compactMap { line in
            let halves = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard halves.count == 2, halves[0].lowercased() == name else { return nil }
            return halves[1].trimmingSpaces
        }
    }

    fileprivate func hasHeader(_ name: String) -> Bool { !values(of: name).isEmpty }

    fileprivate var hasLoopbackHost: Bool {
        let hosts = values(of: "host")
        return hosts.count == 1 && LocalCaller.isLoopback(host: hosts[0])
    }
}
