import FastCGI
import Glibc
import Synchronization
import TestSupport
import Testing

/// A CGI program whose stdin and stdout are one socket, as Apache's mod_cgid starts it.
@Suite(.timeLimit(.minutes(10)))
struct CGISocketTests {
    private static let limit = 1000

    /// Serves one request in the way of a process: its end of the socket closes right after.
    private func serve(
        _ program: CInt, _ environment: [String: String], handler: @escaping Handler = echo(upTo: limit)
    ) async {
        await serveCGI(environment: environment, input: program, output: program, handler: handler)
        close(program)
    }

    @Test func `the end of stdin is no hang-up`() async {
        let (web, program) = makeSocketPair()
        async let served: Void = serve(program, ["REQUEST_METHOD": "POST", "CONTENT_LENGTH": "5"]) { request in
            // A hang-up would be noticed by now.
            do { try await Task.sleep(for: .milliseconds(50)) } catch { return Response(status: 503) }
            return await echo(request)
        }
        #expect(await send(Array("hello".utf8), to: web))
        shutdown(web, CInt(SHUT_WR))
        let answer = await receive(from: web)
        #expect(answer.error == 0)
        #expect(answer.text == "Status: 200 OK\r\nContent-Length: 10\r\n\r\nPOST hello")
        await served
        close(web)
    }

    @Test func `closing the socket cancels the handler`() async {
        let (web, program) = makeSocketPair()
        let started = Gate()
        let wasCancelled = Mutex(false)
        async let served: Void = serve(program, ["REQUEST_METHOD": "POST"]) { _ in
            started.open()
            do { try await Task.sleep(for: .seconds(600)) } catch { wasCancelled.withLock { $0 = true } }
            return Response(status: 200)
        }
        await started.wait()
        close(web)
        await served
        #expect(wasCancelled.withLock { $0 })
    }

    @Test func `the answer to a body that nobody reads survives the sending of it`() async {
        let (web, program) = makeSocketPair()
        let body = [UInt8](repeating: 65, count: 5 << 20)
        async let served: Void = serve(program, ["REQUEST_METHOD": "POST", "CONTENT_LENGTH": "\(body.count)"])
        #expect(await send(body, to: web))
        shutdown(web, CInt(SHUT_WR))
        let answer = await receive(from: web)
        #expect(answer.error == 0)
        #expect(answer.text.hasSuffix("\r\n\r\n\(FastCGIError.bodyTooLarge(limit: Self.limit))"))
        await served
        close(web)
    }

    @Test func `a body that nobody reads and nobody sends is not waited for without end`() async {
        let (web, program) = makeSocketPair()
        async let served: Void = serve(program, ["REQUEST_METHOD": "POST", "CONTENT_LENGTH": "5000"])
        let answer = await receive(from: web)
        #expect(answer.text.hasPrefix("Status: 400 "))
        await served
        close(web)
    }
}

private func makeSocketPair() -> (web: CInt, program: CInt) {
    var pair: [CInt] = [-1, -1]
    precondition(socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0, &pair) == 0)
    return (pair[0], pair[1])
}

/// Blocks a thread of its own: the cooperative pool is the handlers'.
///
/// - Returns: whether all of it was taken.
private func send(_ bytes: [UInt8], to socket: CInt) async -> Bool {
    await withCheckedContinuation { continuation in
        onThread {
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = rest.withUnsafeBytes { Glibc.send(socket, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL)) }
                guard count > 0 else { break }
                rest = rest.dropFirst(count)
            }
            continuation.resume(returning: rest.isEmpty)
        }
    }
}

/// - Returns: all up to the end, and the `errno` that it ended with.
private func receive(from socket: CInt) async -> (text: String, error: CInt) {
    await withCheckedContinuation { continuation in
        onThread {
            var bytes: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 65536)
            var count = recv(socket, &buffer, buffer.count, 0)
            while count > 0 {
                bytes += buffer[..<count]
                count = recv(socket, &buffer, buffer.count, 0)
            }
            let error = count < 0 ? errno : 0
            continuation.resume(returning: (String(decoding: bytes, as: UTF8.self), error))
        }
    }
}
