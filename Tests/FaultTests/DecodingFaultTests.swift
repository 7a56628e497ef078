import Foundation
import TestSupport
import Testing

/// The processes that decode images fail, or the responder that they belong to.
@Suite(.timeLimit(.minutes(10)))
struct DecodingFaultTests {
    /// Python that displays a black PNG, which is small in bytes, of `side` pixels a side.
    private static func display(side: Int) -> String {
        """
        import base64, struct, zlib
        from IPython.display import display
        def chunk(name, data):
            return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        header = struct.pack(">IIBBBBB", \(side), \(side), 8, 0, 0, 0, 0)
        data = zlib.compress(bytes(\(side) * \(side + 1)))
        png = b"\\x89PNG\\r\\n\\x1a\\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
        display({"image/png": base64.b64encode(png).decode()}, raw=True)
        """
    }

    @Test func `a decoder that is killed costs one image, and none outlives the responder`() async throws {
        try await Stack.with { stack in
            let first = try ToolAnswer(await stack.client.execute(Self.display(side: 8)))
            #expect(first.images.count == 1)
            let helpers = DecodingProcess.of(stack.responder.pid)
            let helper = try #require(helpers.first)
            #expect(helpers.count == 1)
            let before = helper.processorTime

            // Seconds of decoding.
            async let reply = stack.client.execute("print('hello')\n" + Self.display(side: 9000))
            try await eventually("the helper to decode") { helper.processorTime > before + 5 }
            helper.signal(SIGKILL)
            let answer = try ToolAnswer(await reply)
            #expect(answer.text.contains("hello\n"))
            #expect(answer.text.contains("Image 1: rejected, the PNG crashed its decoder"), "\(answer.text)")
            #expect(answer.images.isEmpty)
            try await stack.responder.wait(for: "the reason") {
                stack.responder.log.contains("the decoder of PNG was ended by signal 9")
            }

            #expect(try ToolAnswer(await stack.client.execute(Self.display(side: 8))).images.count == 1)
            let last = DecodingProcess.of(stack.responder.pid)
            #expect(last.count == 1 && last.first != helper && stack.responder.exit == nil)
            stack.responder.signal(SIGKILL)
            await stack.responder.ended()
            try await eventually("the end of its helpers") { !last.contains { $0.isAlive } }
        }
    }

    @Test func `a responder that stops leaves no decoder`() async throws {
        try await Stack.with { stack in
            #expect(try ToolAnswer(await stack.client.execute(Self.display(side: 8))).images.count == 1)
            let helpers = DecodingProcess.of(stack.responder.pid)
            // A service manager sends it to each process of the service: to these it means nothing.
            for helper in helpers { helper.signal(SIGTERM) }
            #expect(try ToolAnswer(await stack.client.execute(Self.display(side: 8))).images.count == 1)
            #expect(helpers.count == 1 && DecodingProcess.of(stack.responder.pid) == helpers)
            stack.responder.signal(SIGTERM)
            #expect(await stack.responder.ended() == .status(0))
            try await eventually("the end of its helpers") { !helpers.contains { $0.isAlive } }
        }
    }
}
