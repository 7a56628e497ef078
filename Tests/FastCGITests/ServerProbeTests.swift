import FastCGI
import Foundation
import Glibc
import TestSupport
import Testing

/// What a FastCGI server is asked as a web server asks.
@Suite(.timeLimit(.minutes(5)))
struct ServerProbeTests {
    private func probe(_ address: Listener.Address) async -> Result<String, ServerProbe.Failure> {
        await withCheckedContinuation { waiter in
            onThread {
                do throws(ServerProbe.Failure) {
                    let bytes = try ServerProbe.get("/health", at: address, within: .seconds(60))
                    waiter.resume(returning: .success(String(decoding: bytes, as: UTF8.self)))
                } catch {
                    waiter.resume(returning: .failure(error))
                }
            }
        }
    }

    @Test func `a server's answer comes back whole`() async throws {
        let body = String(repeating: "0123456789", count: 20_000)
        let text = try await withServer(handler: { request in
            Response(status: 200, body: .bytes(Array("\(request.method) \(request.path) \(body)".utf8)))
        }) { path, _ in try await probe(.unix(path: path)).get() }
        #expect(text.contains("GET /health \(body)"))
    }

    @Test func `nobody there is told`() async {
        let path = "/tmp/no-such-socket-\(UUID().uuidString.prefix(8))"
        guard case .failure(let failure) = await probe(.unix(path: path)) else {
            Issue.record("there is an answer")
            return
        }
        #expect(failure.description.contains("start the responder"))
    }

    @Test(arguments: ["HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "", "\u{1}"])
    func `what is no FastCGI server is told`(answer: String) async throws {
        let other = Loopback { connection in connection.write(answer) }
        let port = try #require(UInt16(other.url.split(separator: ":").last ?? ""))
        guard case .failure(let failure) = await probe(.tcp(host: "127.0.0.1", port: port)) else {
            Issue.record("there is an answer")
            return
        }
        #expect(failure.description.contains("no answer in FastCGI") || failure.description.contains("took no request"))
    }
}
