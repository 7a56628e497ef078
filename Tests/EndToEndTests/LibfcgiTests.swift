import Foundation
import TestSupport
import Testing

/// A web server that speaks FastCGI through libfcgi, which is what the others' implementations are compared with.
@Suite(.sharedStack, .timeLimit(.minutes(10)))
struct LibfcgiTests {
    @Test func `it is told that the service is well`() async throws {
        let stack = try #require(SharedStack.current)
        let client = try await stack.startLibfcgi("/health", body: Data(), params: ["REQUEST_METHOD": "GET"])
        #expect(await client.ended() == .status(0), "\(client.log)")
        let reply = try HTTPReply(parsing: client.output)
        #expect(reply.status == 200 && reply.text.contains(#""status":"healthy""#), "\(reply.text)")
    }

    @Test(arguments: [0, 200_000]) func `it has code executed, short and long`(padding: Int) async throws {
        let stack = try #require(SharedStack.current)
        let code = "print('Hello, World!')  # " + String(repeating: "x", count: padding)
        let client = try await stack.startLibfcgi("/execute", body: HTTPClient.body(code))
        #expect(await client.ended() == .status(0), "\(client.log)")
        let reply = try HTTPReply(parsing: client.output)
        #expect(reply.status == 200)
        #expect(try ToolAnswer(reply).text.contains("Hello, World!"))
    }

    @Test func `its params arrive, long ones and empty ones among them`() async throws {
        let stack = try #require(SharedStack.current)
        // Lengths of one byte and of four, up to what a head may have.
        for length in [0, 127, 128, 300, 40_000] {
            let client = try await stack.startLibfcgi(
                "/health", body: Data(),
                params: ["REQUEST_METHOD": "GET", "HTTP_X": String(repeating: "x", count: length)])
            #expect(await client.ended() == .status(0), "\(client.log)")
            #expect(try HTTPReply(parsing: client.output).status == 200)
        }
    }
}
