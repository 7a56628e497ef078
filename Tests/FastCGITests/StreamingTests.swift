import Synchronization
import TestSupport
import Testing

@testable import FastCGI

/// Bodies that are read while they come, and written while they go.
@Suite(.timeLimit(.minutes(10)))
struct StreamingTests {
    // MARK: - Requests

    @Test func `a handler begins with the head, and reads the body as it comes`() async throws {
        let begun = Gate()
        let pieces = Mutex<[[UInt8]]>([])
        let handler: Handler = { (request: consuming FastCGIRequest) in
            begun.open()
            do throws(FastCGIError) {
                while let piece = try await request.body.next() { pieces.withLock { $0.append(piece) } }
                return Response(status: 200, body: Array("\(request.body.readCount)".utf8))
            } catch {
                return Response(status: 400)
            }
        }
        for isDeclared in [true, false] {
            pieces.withLock { $0 = [] }
            try await withServer(connections: 1, handler: handler) { path, _ in
                let web = try WebServer(unix: path)
                try await web.sendBytes(
                    WebServer.begin() + WebServer.params(isDeclared ? ["CONTENT_LENGTH": "300000"] : [:]))
                await begun.wait()
                let body = sampleBytes(300_000)
                for start in stride(from: 0, to: body.count, by: 100_000) {
                    try await web.sendBytes(WebServer.stream(.stdin, Array(body[start..<start + 100_000])))
                    try await eventually("a piece") { pieces.withLock { $0.joined().count } == start + 100_000 }
                }
                if !isDeclared { try await web.sendBytes(WebServer.record(.stdin, [])) }
                #expect(await web.answer().bodyText == "300000")
                let isWhole = pieces.withLock { Array($0.joined()) } == body
                #expect(isWhole)
                #expect(pieces.withLock { $0.allSatisfy { !$0.isEmpty && $0.count <= 1 << 18 } })
            }
        }
    }

    @Test func `a body is not read further than its handler is`() async throws {
        let goOn = Gate()
        let handler: Handler = { (request: consuming FastCGIRequest) in
            await goOn.wait()
            var count = 0
            while let piece = try? await request.body.next() { count += piece.count }
            return Response(status: 200, body: Array("\(count)".utf8))
        }
        try await withServer(connections: 1, handler: handler) { path, _ in
            let web = try WebServer(unix: path)
            let body = WebServer.stream(.stdin, [UInt8](repeating: 65, count: 20 << 20))
            try await web.sendBytes(WebServer.begin() + WebServer.params(["CONTENT_LENGTH": "\(20 << 20)"]))
            let sent = Atomic(0)
            let sending = Task {
                for start in stride(from: 0, to: body.count, by: 1 << 16) {
                    try await web.sendBytes(Array(body[start..<min(start + 1 << 16, body.count)]))
                    sent.add(1 << 16, ordering: .relaxed)
                }
            }
            // It comes to rest: what is read ahead, and what the kernel holds.
            var before = -1
            while case let now = sent.load(ordering: .relaxed), now != before || now == 0 {
                before = now
                try await Task.sleep(for: .milliseconds(300))
            }
            #expect(before < 4 << 20)
            goOn.open()
            try await sending.value
            #expect(await web.answer().bodyText == "\(20 << 20)")
        }
    }

    @Test func `what has been read of a body is the beginning of the whole`() async throws {
        let handler: Handler = { (request: consuming FastCGIRequest) in
            do throws(FastCGIError) {
                let first = try await request.body.next() ?? []
                let whole = try await request.body.collect(upTo: 3 << 20, after: first)
                return Response(status: 200, body: whole)
            } catch {
                return Response(status: 400, body: Array("\(error)".utf8))
            }
        }
        try await withServer(handler: handler) { path, _ in
            for (count, length) in [(5, "5"), (5, nil), (3 << 20, "\(3 << 20)"), (3 << 20, nil)] {
                let web = try WebServer(unix: path)
                var params = ["REQUEST_METHOD": "POST"]
                params["CONTENT_LENGTH"] = length
                let body = sampleBytes(count)
                try await web.sendBytes(
                    WebServer.begin() + WebServer.params(params) + WebServer.stream(.stdin, body)
                        + WebServer.record(.stdin, []))
                let isWhole = await web.answer(piece: 1 << 20).body == body
                #expect(isWhole)
            }
            // One byte more than may be.
            let web = try WebServer(unix: path)
            try await web.sendBytes(WebServer.begin() + WebServer.params([:]))
            try? await web.sendBytes(
                WebServer.stream(.stdin, [UInt8](repeating: 65, count: 3 << 20 | 1)) + WebServer.record(.stdin, []))
            #expect(await web.answer().bodyText == "\(FastCGIError.bodyTooLarge(limit: 3 << 20))")
        }
    }

    @Test(arguments: [true, false])
    func `a hang-up within a body cancels its reader`(isCollected: Bool) async throws {
        let begun = Gate()
        let ended = Gate()
        let handler: Handler = { (request: consuming FastCGIRequest) in
            begun.open()
            if isCollected {
                _ = await request.stdin(upTo: 1 << 20)
            } else {
                while let _ = try? await request.body.next() {}
            }
            // Noticed however the reading ended.
            do { try await Task.sleep(for: .seconds(600)) } catch { ended.open() }
            return Response(status: 200)
        }
        try await withServer(connections: 1, handler: handler) { path, _ in
            let web = try WebServer(unix: path)
            try await web.sendBytes(
                WebServer.begin() + WebServer.params(["CONTENT_LENGTH": "200000"])
                    + WebServer.stream(.stdin, [UInt8](repeating: 1, count: 1000)))
            await begun.wait()
            web.hangUp()
            await ended.wait()
        }
    }

    @Test func `a server that cancels its handlers waits for no body`() async throws {
        let begun = Gate()
        let handler: Handler = { (request: consuming FastCGIRequest) in
            begun.open()
            let stdin = await request.stdin(upTo: 1 << 20)
            return Response(status: stdin == .failure(.cancelled) ? 503 : 200)
        }
        try await withServer(connections: 1, handler: handler) { path, server in
            let web = try WebServer(unix: path)
            try await web.sendBytes(WebServer.begin() + WebServer.params(["CONTENT_LENGTH": "200000"]))
            await begun.wait()
            server.cancelHandlers()
            #expect(await web.answer().status == 503)
        }
    }

    @Test func `a web server that falls silent within a body is given up by its reader, too`() async throws {
        let handler: Handler = { (request: consuming FastCGIRequest) in
            var count = 0
            do throws(FastCGIError) {
                while let piece = try await request.body.next() { count += piece.count }
            } catch {
                return Response(status: 400, body: Array("\(error)".utf8))
            }
            return Response(status: 200, body: Array("\(count)".utf8))
        }
        try await withServer(receiveLimit: .seconds(1), handler: handler) { path, _ in
            let web = try WebServer(unix: path)
            try await web.sendBytes(
                WebServer.begin() + WebServer.params(["CONTENT_LENGTH": "1000000"]) + WebServer.record(.stdin, [1]))
            #expect(await web.answer().bodyText == "\(FastCGIError.bodyTruncated(expected: 1_000_000, received: 1))")
        }
    }

    // MARK: - Responses

    /// Pieces of every size, with and without an announcement.
    @Test(arguments: [0, 1, 100, 16_384, 65_527, 65_528, 65_529, 200_000, 3_000_000], [true, false])
    func `a response is written while it is sent`(piece: Int, isAnnounced: Bool) async throws {
        let bytes = sampleBytes(piece)
        let handler: Handler = { _ in
            Response(
                status: 200,
                body: .stream(length: isAnnounced ? piece * 5 : nil) { writer in
                    for _ in 0..<5 {
                        try await writer.write(bytes)
                        await Task.yield()
                    }
                })
        }
        try await withServer(handler: handler) { path, _ in
            for method in ["GET", "HEAD"] {
                let web = try WebServer(unix: path)
                try await web.send(["REQUEST_METHOD": method])
                let answer = await web.answer(piece: 1 << 20)
                let isWhole = answer.body == (method == "HEAD" ? [] : Array(repeatElement(bytes, count: 5).joined()))
                #expect(isWhole)
                #expect(answer.header("Content-Length") == (isAnnounced ? "\(piece * 5)" : nil))
                #expect(answer.isEnded && answer.protocolStatus == 0 && answer.appStatus == 0)
            }
        }
    }

    @Test(arguments: [0, 16_384, 16_385, 65_528, 1_048_448, 1_048_449, 5_000_000])
    func `a response of bytes arrives whole, beside a head of any length`(count: Int) async throws {
        for headCount in [1, 65_000, 70_000] {
            let value = String(repeating: "x", count: headCount)
            let body = sampleBytes(count)
            let handler: Handler = { _ in Response(status: 200, headers: [("X-Long", value)], body: body) }
            try await withServer(handler: handler) { path, _ in
                let web = try WebServer(unix: path)
                try await web.send(["REQUEST_METHOD": "GET"])
                let answer = await web.answer(piece: 1 << 20)
                let isWhole = answer.body == body && answer.header("X-Long") == value
                #expect(isWhole && answer.isEnded)
            }
        }
    }

    @Test func `a writer waits for a web server that is behind`() async throws {
        let written = Atomic(0)
        let piece = [UInt8](repeating: 65, count: 1 << 16)
        let handler: Handler = { _ in
            Response(
                status: 200,
                body: .stream(length: nil) { writer in
                    for _ in 0..<(64 << 4) {
                        try await writer.write(piece)
                        written.add(1 << 16, ordering: .relaxed)
                    }
                })
        }
        try await withServer(handler: handler) { path, _ in
            let web = try WebServer(unix: path)
            try await web.send(["REQUEST_METHOD": "GET"])
            var before = -1
            while case let now = written.load(ordering: .relaxed), now != before || now == 0 {
                before = now
                try await Task.sleep(for: .milliseconds(300))
            }
            // What waits for the thread, what it sends, and what the kernel holds.
            #expect(before < 2 << 20)
            let answer = await web.answer(piece: 1 << 20)
            #expect(answer.body.count == 64 << 20 && answer.isEnded)
        }
    }

    @Test func `a slow writer keeps nobody waiting for what it has written`() async throws {
        let goOn = Gate()
        let handler: Handler = { _ in
            Response(
                status: 200,
                body: .stream(length: nil) { writer in
                    try await writer.write(Array("first".utf8))
                    await goOn.wait()
                    try await writer.write(Array("second".utf8))
                })
        }
        // It waits for us, not for its web server.
        try await withServer(sendLimit: .milliseconds(200), handler: handler) { path, _ in
            let web = try WebServer(unix: path)
            try await web.send(["REQUEST_METHOD": "GET"])
            var text = ""
            while !text.contains("first") { text += String(decoding: await web.receiveBytes(), as: UTF8.self) }
            try await Task.sleep(for: .seconds(1))
            goOn.open()
            let answer = await web.answer()
            #expect(String(decoding: answer.stdout, as: UTF8.self) == "second")
            #expect(answer.isEnded)
        }
    }

    struct Broken: Error {}

    @Test(arguments: [nil, 100, 5], [5, 300_000])
    func `a response that breaks off is no success`(length: Int?, written: Int) async throws {
        let handler: Handler = { _ in
            Response(
                status: 200,
                body: .stream(length: length) { writer in
                    try await writer.write([UInt8](repeating: 65, count: written))
                    if length != 100 { throw Broken() }
                })
        }
        try await withServer(connections: 1, handler: handler) { path, _ in
            let web = try WebServer(unix: path)
            try await web.send(["REQUEST_METHOD": "GET"])
            let answer = await web.answer()
            #expect(answer.status == 200 && !answer.isEnded && answer.isClosed)
            // More than was announced is not sent.
            #expect(answer.body.count == (written > length ?? .max ? 0 : written))
        }
    }

    @Test(arguments: [true, false])
    func `a hang-up cancels a handler that writes`(isWaiting: Bool) async throws {
        let begun = Gate()
        let errors = Mutex<[String]>([])
        let ended = Gate()
        let handler: Handler = { _ in
            Response(
                status: 200,
                body: .stream(length: nil) { writer in
                    begun.open()
                    do {
                        if isWaiting {
                            try await writer.write([1])
                            try await Task.sleep(for: .seconds(600))
                        }
                        while true { try await writer.write([UInt8](repeating: 65, count: 1 << 16)) }
                    } catch {
                        errors.withLock { $0.append("\(error)") }
                        // From now on nothing is taken.
                        await #expect(throws: FastCGIError.peerClosed) { try await writer.write([1]) }
                        ended.open()
                        throw error
                    }
                })
        }
        try await withServer(connections: 1, handler: handler) { path, _ in
            let web = try WebServer(unix: path)
            try await web.send(["REQUEST_METHOD": "GET"])
            await begun.wait()
            _ = await web.receiveBytes()
            web.hangUp()
            await ended.wait()
            // Its place is free.
            let next = try WebServer(unix: path)
            try await next.send(["REQUEST_METHOD": "HEAD"])
            #expect(await next.answer().status == 200)
        }
        #expect(errors.withLock { $0.count } == 1)
    }

    @Test func `a server stops when the last writer has ended`() async throws {
        let begun = Gate()
        let goOn = Gate()
        let handler: Handler = { _ in
            Response(
                status: 200,
                body: .stream(length: nil) { writer in
                    begun.open()
                    await goOn.wait()
                    try await writer.write(Array("done".utf8))
                })
        }
        try await withServer(connections: 1, handler: handler) { path, server in
            let web = try WebServer(unix: path)
            try await web.send(["REQUEST_METHOD": "GET"])
            await begun.wait()
            server.shutDown()
            goOn.open()
            let answer = await web.answer()
            #expect(answer.bodyText == "done" && answer.isEnded)
        }
    }
}
