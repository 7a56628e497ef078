import Fetch
import Glibc
import TestSupport
import Testing

/// Peers that do not answer, or not to the end.
@Suite(.timeLimit(.minutes(10)))
struct FailureTests {
    let fetcher: Fetcher

    init() throws { fetcher = try Fetcher() }

    private func expect(_ error: FetchError, from request: FetchRequest) async {
        await #expect(throws: error) { try await fetcher.response(to: request) }
    }

    private func answering(_ reply: String) -> Loopback {
        Loopback { connection in
            _ = connection.readRequest()
            connection.write(reply)
        }
    }

    /// Accepts, reads, and never answers.
    private var silent: Loopback { Loopback { $0.waitForHangUp() } }

    @Test func `a silent server times out`() async {
        let server = silent
        await expect(.timedOut, from: .init(url: server.url, timeout: .milliseconds(50)))
    }

    @Test func `hundreds time out, each in its time, while others come and go`() async throws {
        let server = Loopback { connection in
            while let request = connection.readRequest() {
                if request.line.hasPrefix("GET /silent") { return connection.waitForHangUp() }
                connection.respond("ok")
            }
        }
        let order = try await withThrowingTaskGroup(of: Int?.self) { group in
            for index in (0..<300).shuffled() {
                group.addTask {
                    guard index.isMultiple(of: 3) else {
                        _ = try await fetcher.response(to: .init(url: server.url, timeout: .seconds(30 + index)))
                        return nil
                    }
                    let timeout = Duration.milliseconds(500 + 8 * index)
                    let request = FetchRequest(url: server.url + "/silent", timeout: timeout)
                    await #expect(throws: FetchError.timedOut) { try await fetcher.response(to: request) }
                    return index
                }
            }
            return try await group.reduce(into: [Int]()) { if let index = $1 { $0.append(index) } }
        }
        #expect(order.count == 100)
        // Far enough apart to be told apart.
        let (first, last) = (order.prefix(10), order.suffix(10))
        #expect((first.max() ?? 0) < (last.min() ?? 0))
    }

    @Test func `a timeout of nothing has run out`() async {
        let server = silent
        await expect(.timedOut, from: .init(url: server.url, timeout: .zero))
    }

    @Test(arguments: [nil, .seconds(60)] as [Duration?])
    func `a body that does not begin in its time is late`(idleTimeout: Duration?) async {
        let server = Loopback { connection in
            _ = connection.readRequest()
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")
            connection.waitForHangUp()
        }
        var request = FetchRequest(url: server.url, idleTimeout: idleTimeout)
        request.bodyTimeout = .milliseconds(50)
        await expect(.timedOut, from: request)
    }

    @Test(arguments: [nil, .seconds(60)] as [Duration?])
    func `a body that has begun may take its time`(idleTimeout: Duration?) async throws {
        let server = Loopback { connection in
            _ = connection.readRequest()
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nh")
            usleep(900_000)
            connection.write("ello")
        }
        var request = FetchRequest(url: server.url, idleTimeout: idleTimeout)
        request.bodyTimeout = .milliseconds(500)
        #expect(try await fetcher.response(to: request).body == Array("hello".utf8))
    }

    @Test func `a server that goes silent is idle`() async {
        let server = Loopback { connection in
            _ = connection.readRequest()
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe")
            connection.waitForHangUp()
        }
        await expect(.idle, from: .init(url: server.url, idleTimeout: .milliseconds(50)))
    }

    @Test func `a byte now and then is not idle`() async throws {
        let server = Loopback { connection in
            _ = connection.readRequest()
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n")
            for _ in 0..<20 {
                usleep(150_000)
                connection.write("x")
            }
        }
        let request = FetchRequest(url: server.url, idleTimeout: .seconds(2))
        #expect(try await fetcher.response(to: request).body.count == 20)
    }

    @Test func `a reader's own silence is not the server's`() async throws {
        let length = 4 << 20
        let server = Loopback { connection in
            _ = connection.readRequest()
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: \(length)\r\n\r\n")
            connection.write([UInt8](repeating: 7, count: length))
        }
        let request = FetchRequest(url: server.url, idleTimeout: .seconds(2), responseLimit: length)
        let count = try await fetcher.withStream(of: request) { stream in
            _ = try await stream.head()
            try await Task.sleep(for: .seconds(3))
            var count = 0
            while let bytes = try await stream.next() { count += bytes.count }
            return count
        }
        #expect(count == length)
    }

    @Test func `nobody listens`() async throws {
        let url = "http://127.0.0.1:\(try freePort())/"
        await expect(.couldNotConnect(host: "127.0.0.1"), from: .init(url: url))
    }

    @Test func `nobody has that name`() async {
        await expect(.couldNotResolve(host: "nobody.invalid"), from: .init(url: "http://nobody.invalid:1/x"))
    }

    @Test(arguments: [
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe",
        "",
    ])
    func `a response that stops half-way is cut`(_ reply: String) async {
        let server = answering(reply)
        await expect(.cut, from: .init(url: server.url))
        await expect(.cut, from: .init(method: "POST", url: server.url, body: [1]))
    }

    @Test(arguments: ["", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe"])
    func `a reset is a cut`(_ reply: String) async {
        let server = Loopback { connection in
            _ = connection.readRequest()
            connection.write(reply)
            connection.resetOnClose()
        }
        await expect(.cut, from: .init(url: server.url))
    }

    @Test(arguments: ["HTTP/1.1 2", "HTTP/1.1 200 OK\r\nConte"])
    func `a head that stops half-way is not a response`(_ reply: String) async {
        let server = answering(reply)
        await #expect(throws: FetchError.self) { try await fetcher.response(to: .init(url: server.url)) }
    }

    @Test(arguments: ["SSH-2.0-OpenSSH\r\n", "\0\0\0\0\0\0\0\0\0\0", "hello"])
    func `what is not HTTP is an error`(_ reply: String) async {
        let server = answering(reply)
        await #expect(throws: FetchError.self) { try await fetcher.response(to: .init(url: server.url)) }
    }

    @Test(arguments: [
        "", "127.0.0.1/", "ftp://127.0.0.1/", "file:///etc/passwd", "http://", "http://user:secret@127.0.0.1/",
        "http://127.0.0.1/a b", "http://127.0.0.1/\r\nX: 1", "http://127.0.0.1/\0", "http://127.0.0.1:99999/",
    ])
    func `only an http or https URL will do`(_ url: String) async {
        await expect(.invalidURL, from: .init(url: url))
    }

    @Test(arguments: [
        ("X", "a\r\nY: b"), ("X", "a\nb"), ("X", "a\0b"), ("X Y", "a"), ("X:", "a"), ("", "a"), ("X\r\n", "a"),
    ])
    func `a field stays one field`(_ name: String, _ value: String) async {
        await expect(.invalidRequest, from: .init(url: "http://127.0.0.1:1/", headers: [(name, value)]))
    }

    @Test(arguments: ["", "GET / HTTP/1.1\r\nX: ", "A B"])
    func `a method is one word`(_ method: String) async {
        await expect(.invalidRequest, from: .init(method: method, url: "http://127.0.0.1:1/"))
    }
}
