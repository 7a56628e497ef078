import Glibc
import Synchronization
import TestSupport
import Testing

@testable import FastCGI

@Suite(.timeLimit(.minutes(10)))
struct CGITests {
    /// Runs one CGI request, with pipes for stdin and stdout, and returns what was written to stdout.
    private func serve(
        _ environment: [String: String], stdin: [UInt8] = [], endsStdin: Bool = true,
        handler: @escaping Handler = echo { $0.path == "/large" ? 2000 : 1000 }
    ) async -> String {
        let input = makePipe()
        let output = makePipe()
        #expect(write(input.writing, stdin, stdin.count) == stdin.count)
        if endsStdin { close(input.writing) }
        async let stdout = readToEnd(output.reading)
        await serveCGI(
            environment: environment, input: input.reading, output: output.writing, handler: handler)
        close(output.writing)
        if !endsStdin { close(input.writing) }
        close(input.reading)
        defer { close(output.reading) }
        return String(decoding: await stdout, as: UTF8.self)
    }

    @Test func `answers the one request`() async {
        let answer = await serve(["REQUEST_METHOD": "POST", "CONTENT_LENGTH": "5"], stdin: Array("hello, you".utf8))
        #expect(answer == "Status: 200 OK\r\nContent-Length: 10\r\n\r\nPOST hello")
    }

    @Test func `without a length there is no body, and nobody waits for one`() async {
        let answer = await serve(["REQUEST_METHOD": "GET"], endsStdin: false)
        #expect(answer.hasSuffix("\r\n\r\nGET "))
    }

    @Test(arguments: [
        ("1001", FastCGIError.bodyTooLarge(limit: 1000)), ("-1", .badContentLength("-1")),
        ("10", .bodyTruncated(expected: 10, received: 3)),
    ])
    func `a body that lies is answered`(length: String, error: FastCGIError) async {
        let answer = await serve(["CONTENT_LENGTH": length], stdin: [1, 2, 3])
        #expect(answer.hasSuffix("\r\n\r\n\(error)"))
    }

    @Test func `the limit of a body is the request's own`() async {
        let answer = await serve(
            ["PATH_INFO": "/large", "CONTENT_LENGTH": "1001"], stdin: [UInt8](repeating: 65, count: 1001))
        #expect(answer.hasSuffix("\r\n\r\nGET " + String(repeating: "A", count: 1001)))
    }

    @Test func `the rest of the environment is not the request's`() async {
        let seen = Mutex<[String: String]>([:])
        let params = ["REQUEST_METHOD": "GET", "HTTP_HOST": "h", "PATH_INFO": "/x", "SERVER_PORT": "80", "HTTPS": "on"]
        _ = await serve(params.merging(["PATH": "/bin", "API_KEY": "secret"]) { a, _ in a }) { request in
            seen.withLock { $0 = request.params }
            return Response(status: 204)
        }
        #expect(seen.withLock { $0 } == params)
    }

    @Test func `a large response is written whole`() async {
        let body = [UInt8](repeating: 65, count: 1_000_000)
        let answer = await serve([:]) { _ in Response(status: 200, body: body) }
        #expect(answer.utf8.count == "Status: 200 OK\r\nContent-Length: 1000000\r\n\r\n".utf8.count + body.count)
    }

    @Test func `a body is read as it comes`() async throws {
        let input = makePipe()
        let output = makePipe()
        let read = Gate()
        async let stdout = readToEnd(output.reading)
        async let served: Void = serveCGI(
            environment: ["CONTENT_LENGTH": "200001"], input: input.reading, output: output.writing
        ) { (request: consuming FastCGIRequest) in
            var count = 0
            while let piece = try? await request.body.next() {
                count += piece.count
                // The rest is not sent before.
                read.open()
            }
            return Response(status: 200, body: Array("\(count)".utf8))
        }
        #expect(write(input.writing, "x", 1) == 1)
        await read.wait()
        let rest = [UInt8](repeating: 65, count: 200_000)
        await withCheckedContinuation { continuation in
            onThread {
                #expect(write(input.writing, rest, rest.count) == rest.count)
                continuation.resume()
            }
        }
        await served
        close(output.writing)
        #expect(String(decoding: await stdout, as: UTF8.self).hasSuffix("\r\n\r\n200001"))
        for descriptor in [output.reading, input.reading, input.writing] { close(descriptor) }
    }

    @Test(arguments: ["GET", "HEAD"]) func `a response is written as it goes`(method: String) async {
        let piece = [UInt8](repeating: 65, count: 100_000)
        let answer = await serve(["REQUEST_METHOD": method]) { _ in
            Response(
                status: 200,
                body: .stream(length: 500_000) { writer in
                    for _ in 0..<5 {
                        try await writer.write(piece)
                        await Task.yield()
                    }
                })
        }
        let head = "Status: 200 OK\r\nContent-Length: 500000\r\n\r\n"
        #expect(answer.hasPrefix(head))
        #expect(answer.utf8.count == head.utf8.count + (method == "HEAD" ? 0 : 500_000))
    }

    @Test func `closing stdout cancels a handler that writes`() async {
        let output = makePipe()
        let input = makePipe()
        let ended = Mutex(false)
        async let served: Void = serveCGI(environment: [:], input: input.reading, output: output.writing) { _ in
            Response(
                status: 200,
                body: .stream(length: nil) { writer in
                    defer { ended.withLock { $0 = true } }
                    while true { try await writer.write([UInt8](repeating: 65, count: 1 << 16)) }
                })
        }
        await withCheckedContinuation { continuation in
            onThread {
                var buffer = [UInt8](repeating: 0, count: 100)
                #expect(read(output.reading, &buffer, buffer.count) > 0)
                close(output.reading)
                continuation.resume()
            }
        }
        await served
        #expect(ended.withLock { $0 })
        for descriptor in [output.writing, input.reading, input.writing] { close(descriptor) }
    }

    @Test func `closing stdout cancels the handler`() async {
        let output = makePipe()
        let input = makePipe()
        let started = Gate()
        let wasCancelled = Mutex(false)
        async let served: Void = serveCGI(
            environment: [:], input: input.reading, output: output.writing
        ) { _ in
            started.open()
            do { try await Task.sleep(for: .seconds(600)) } catch { wasCancelled.withLock { $0 = true } }
            return Response(status: 200)
        }
        await started.wait()
        close(output.reading)
        await served
        #expect(wasCancelled.withLock { $0 })
        for descriptor in [output.writing, input.reading, input.writing] { close(descriptor) }
    }

    @Test func `writing to a closed stdout ends quietly`() async {
        let output = makePipe()
        let input = makePipe()
        close(output.reading)
        await serveCGI(environment: [:], input: input.reading, output: output.writing) { _ in
            Response(status: 200, body: [UInt8](repeating: 65, count: 1_000_000))
        }
        for descriptor in [output.writing, input.reading, input.writing] { close(descriptor) }
    }
}

private func makePipe() -> (reading: CInt, writing: CInt) {
    var pair: [CInt] = [-1, -1]
    precondition(pipe(&pair) == 0)
    return (pair[0], pair[1])
}

/// Blocks a thread of its own: the cooperative pool is the handlers'.
private func readToEnd(_ descriptor: CInt) async -> [UInt8] {
    await withCheckedContinuation { continuation in
        onThread {
            var bytes: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 65536)
            while case let count = read(descriptor, &buffer, buffer.count), count > 0 { bytes += buffer[..<count] }
            continuation.resume(returning: bytes)
        }
    }
}
