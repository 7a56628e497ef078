import Fetch
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1)))
struct ResponseTests {
    let fetcher: Fetcher

    init() throws { fetcher = try Fetcher() }

    @Test func `a response has status, headers and body`() async throws {
        let server = Loopback { connection in
            _ = connection.readRequest()
            connection.respond("201 Created", headers: ["X-One:  1 ", "x-two: a", "X-Two: b"], "hello")
        }
        let response = try await fetcher.response(to: .init(url: server.url))
        #expect(response.head.status == 201)
        #expect(response.head.headers == ["content-length": "5", "x-one": "1", "x-two": "b"])
        #expect(String(decoding: response.body, as: UTF8.self) == "hello")
    }
}
