import FastCGI
import TestSupport
import Testing

/// What the specification allows beside the plain request, and web servers seldom do.
@Suite(.timeLimit(.minutes(10)))
struct ProtocolTests {
    private static let params = WebServer.params(["REQUEST_METHOD": "POST", "CONTENT_LENGTH": "5"])
    private static let stdin = WebServer.stream(.stdin, Array("hello".utf8)) + WebServer.record(.stdin, [])

    private func answer(to bytes: [UInt8]) async throws -> WebServer.Answer {
        try await withServer(connections: 1, handler: echo) { path, _ in
            let web = try WebServer(unix: path)
            do { try await web.sendBytes(bytes) } catch WebServer.Failure.send {}
            return await web.answer()
        }
    }

    @Test func `a question about the connection is answered before the request`() async throws {
        try await withServer(connections: 1, handler: echo) { path, _ in
            let web = try WebServer(unix: path)
            try await web.sendBytes(
                WebServer.record(.getValues, WebServer.pair(Array("FCGI_MPXS_CONNS".utf8), []), id: 0))
            let result = await web.receiveBytes()
            #expect(
                result
                    == WebServer.record(
                        .getValuesResult, WebServer.pair(Array("FCGI_MPXS_CONNS".utf8), Array("0".utf8)), id: 0))
            try await web.send(["REQUEST_METHOD": "GET"])
            #expect(await web.answer().bodyText == "GET ")
        }
    }

    @Test func `a connection that keeps nobody waiting is not closed for that`() async throws {
        try await withServer(connections: 1, handler: echo) { path, _ in
            let web = try WebServer(unix: path)
            // Longer than a connection has to be idle before it may be closed for others.
            try await Task.sleep(for: .milliseconds(2500))
            try await web.send(["REQUEST_METHOD": "GET"])
            #expect(await web.answer().bodyText == "GET ")
        }
    }

    @Test func `a management record in the middle of stdin does not disturb it`() async throws {
        // One with lengths that lie, and more names than an answer has room for.
        let lie = WebServer.record(.getValues, [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], id: 0)
        let many = (0..<100).flatMap { _ in WebServer.pair(Array("FCGI_MAX_REQS".utf8), []) }
        let answer = try await answer(
            to: WebServer.begin() + Self.params + WebServer.stream(.stdin, Array("he".utf8)) + lie
                + WebServer.record(.getValues, many, id: 0) + WebServer.stream(.stdin, Array("llo".utf8)))
        #expect(answer.bodyText == "POST hello")
    }

    @Test func `a second request on the connection is refused, the first one served`() async throws {
        let answer = try await answer(
            to: WebServer.begin() + Self.params + WebServer.begin(id: 2) + WebServer.record(.params, [], id: 2)
                + Self.stdin)
        #expect(answer.bodyText == "POST hello")
        #expect(answer.refused == [2])
    }

    @Test func `a web server may send the end of stdin after the response`() async throws {
        try await withServer(connections: 20, handler: echo) { path, _ in
            var isTaken = false
            // Within the time for which the rest of a request is read, which a busy machine may miss.
            for _ in 0..<10 where !isTaken {
                let web = try WebServer(unix: path)
                try await web.sendBytes(
                    WebServer.begin() + WebServer.params(["REQUEST_METHOD": "GET", "CONTENT_LENGTH": "0"]))
                #expect(await web.answer().bodyText == "GET ")
                do {
                    try await web.sendBytes(WebServer.record(.stdin, []))
                    isTaken = true
                } catch WebServer.Failure.send {}
            }
            #expect(isTaken)
        }
    }

    @Test func `padding is skipped`() async throws {
        func padded(_ type: WebServer.RecordType, _ content: [UInt8]) -> [UInt8] {
            var record = WebServer.record(type, content)
            record[6] = 255
            return record + [UInt8](repeating: 1, count: 255)
        }
        let pairs = WebServer.pair(Array("REQUEST_METHOD".utf8), Array("PUT".utf8))
        let answer = try await answer(
            to: padded(.beginRequest, [0, 1, 0, 0, 0, 0, 0, 0]) + padded(.params, pairs) + padded(.params, [])
                + padded(.stdin, [65]) + padded(.stdin, [66]) + padded(.stdin, []))
        #expect(answer.bodyText == "PUT AB")
    }

    @Test(arguments: [0, 1]) func `params have a limit`(excess: Int) async throws {
        // 1 + 4 bytes of lengths, 1 of the name.
        let pair = WebServer.pair([65], [UInt8](repeating: 66, count: 0xffff - 6 + excess))
        let answer = try await answer(
            to: WebServer.begin() + WebServer.stream(.params, pair) + WebServer.record(.params, [])
                + WebServer.record(.stdin, []))
        #expect(answer.status == (excess == 0 ? 200 : nil))
    }

    @Test func `records that are nobody's have a limit`() async throws {
        let strays = (0..<1000).flatMap { _ in WebServer.record(.stdin, [1], id: 7) }
        let answer = try await answer(to: WebServer.begin() + strays + Self.params + Self.stdin)
        #expect(answer.stdout.isEmpty && answer.isClosed)
    }

    @Test func `an aborted request is not waited for`() async throws {
        let answer = try await answer(
            to: WebServer.begin() + Self.params + WebServer.stream(.stdin, [65]) + WebServer.record(.abortRequest, []))
        #expect(answer.status == 400)
    }
}
