import Fetch
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(10)))
struct ResponseTests {
    let fetcher: Fetcher

    init() throws { fetcher = try Fetcher() }

    private func answering(_ reply: String) -> Loopback {
        Loopback { connection in
            _ = connection.readRequest()
            connection.write(reply)
        }
    }

    /// Answers with the request: its line, its headers and its body.
    private var echo: Loopback {
        Loopback { connection in
            while let request = connection.readRequest() {
                let head = ([request.line] + request.headers.sorted()).joined(separator: "\n")
                connection.respond(head + "\n\n" + String(decoding: request.body, as: UTF8.self))
            }
        }
    }

    private func text(_ request: FetchRequest) async throws -> String {
        String(decoding: try await fetcher.response(to: request).body, as: UTF8.self)
    }

    @Test func `a response has status, headers and body`() async throws {
        let server = Loopback { connection in
            _ = connection.readRequest()
            connection.respond(
                "hello", status: "201 Created", headers: ["X-One:  1 ", "x-two: a", "X-Two: b", "X-Empty:"])
        }
        let response = try await fetcher.response(to: .init(url: server.url))
        #expect(response.head.status == 201)
        #expect(response.head.headers == ["content-length": "5", "x-one": "1", "x-two": "b", "x-empty": ""])
        #expect(String(decoding: response.body, as: UTF8.self) == "hello")
    }

    @Test func `one request leaves nothing behind in the next`() async throws {
        let server = echo
        // One after the other, so that all of them get the same handle.
        for method in ["POST", "GET", "PUT", "HEAD", "POST", "DELETE", "PATCH", "GET"] {
            let body = method.hasPrefix("P") ? Array("body of \(method)".utf8) : nil
            let headers = method == "POST" ? [(name: "X-Own", value: "1")] : []
            let request = FetchRequest(method: method, url: server.url + "/\(method)", headers: headers, body: body)
            let text = try await text(request)
            guard method != "HEAD" else {
                #expect(text.isEmpty)
                continue
            }
            #expect(text.hasPrefix("\(method) /\(method) HTTP/1.1\n"))
            #expect(text.contains("X-Own") == (method == "POST"))
            #expect(text.hasSuffix(body.map { "\n\n" + String(decoding: $0, as: UTF8.self) } ?? "\n\n"))
            #expect(text.contains("Content-Length") == (body != nil))
        }
    }

    @Test func `a request is sent as it is, with nothing added but a host, an agent and Accept`() async throws {
        let server = echo
        let request = FetchRequest(
            method: "POST", url: server.url + "/a?b=c", headers: [("X-One", "1"), ("X-Empty", "")],
            body: Array("{}".utf8))
        #expect(
            try await text(request) == """
                POST /a?b=c HTTP/1.1
                Accept: */*
                Content-Length: 2
                Host: 127.0.0.1:\(server.port)
                User-Agent: e2b-fcgi
                X-Empty:
                X-One: 1

                {}
                """)
    }

    @Test(arguments: ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"], [nil, "", "body"])
    func `each method comes with or without a body`(_ method: String, _ body: String?) async throws {
        let server = echo
        let text = try await text(.init(method: method, url: server.url, body: body.map { Array($0.utf8) }))
        #expect(text.hasPrefix("\(method) / HTTP/1.1\n"))
        #expect(text.hasSuffix("\n\n" + (body ?? "")))
    }

    @Test func `HEAD has no body, whatever its Content-Length says`() async throws {
        let server = answering("HTTP/1.1 200 OK\r\nContent-Length: 5000000\r\n\r\n")
        let response = try await fetcher.response(to: .init(method: "HEAD", url: server.url))
        #expect(response.head.headers["content-length"] == "5000000")
        #expect(response.body.isEmpty)
    }

    @Test func `a large body arrives whole`() async throws {
        let server = Loopback { connection in
            guard let request = connection.readRequest() else { return }
            let isWhole = request.body.count == 5_000_000 && request.body.allSatisfy { $0 == 0x61 }
            connection.respond(isWhole ? "whole" : "damaged")
        }
        let body = [UInt8](repeating: 0x61, count: 5_000_000)
        #expect(try await text(.init(method: "POST", url: server.url, body: body)) == "whole")
    }

    @Test(arguments: [(4, false), (5, true), (6, true)])
    func `a body may be as long as the limit`(_ limit: Int, _ isEnough: Bool) async throws {
        for head in ["Content-Length: 5\r\n\r\nhello", "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"] {
            let server = answering("HTTP/1.1 200 OK\r\n" + head)
            let request = FetchRequest(url: server.url, responseLimit: limit)
            if isEnough {
                #expect(try await text(request) == "hello")
            } else {
                await #expect(throws: FetchError.responseTooLarge(limit: limit)) {
                    try await fetcher.response(to: request)
                }
            }
        }
    }

    @Test(arguments: [(129, 1), (1, 66_000), (1, 200_000)])
    func `a head without measure is refused`(_ count: Int, _ length: Int) async throws {
        let field = "X: \(String(repeating: "x", count: length))\r\n"
        let fields = String(repeating: field, count: count)
        let server = answering("HTTP/1.1 200 OK\r\n\(fields)Content-Length: 0\r\n\r\n")
        await #expect(throws: FetchError.responseTooLarge(limit: 65_536)) {
            try await fetcher.response(to: .init(url: server.url))
        }
    }

    @Test func `interim responses without end are refused`() async throws {
        let server = Loopback { connection in
            _ = connection.readRequest()
            while connection.write("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n") {}
        }
        await #expect(throws: FetchError.responseTooLarge(limit: 65_536)) {
            try await fetcher.response(to: .init(url: server.url))
        }
    }

    @Test func `an interim response leaves nothing behind`() async throws {
        let server = answering("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 204 No Content\r\nX: 1\r\n\r\n")
        let response = try await fetcher.response(to: .init(url: server.url))
        #expect(response == .init(head: .init(status: 204, headers: ["x": "1"]), body: []))
    }

    @Test func `trailers are not headers`() async throws {
        let server = answering(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Trailer: 1\r\n\r\n")
        let response = try await fetcher.response(to: .init(url: server.url))
        #expect(response.head.headers == ["transfer-encoding": "chunked"])
    }

    @Test func `a redirect is an answer`() async throws {
        let server = answering("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n")
        #expect(try await fetcher.response(to: .init(url: server.url)).head.status == 302)
    }

    @Test func `a compressed body is passed on as it came`() async throws {
        let server = answering("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\nzz")
        #expect(try await text(.init(url: server.url)) == "zz")
    }
}
