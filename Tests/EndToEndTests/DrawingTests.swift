import TestSupport
import Testing

/// SVG through nginx, the responder and a real kernel.
@Suite(.timeLimit(.minutes(10)))
struct DrawingTests {
    private static let code = """
        from IPython.display import SVG, display
        display(SVG("<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 20 10'><script>alert(1)</script><a href='javascript:x()'>"
                    "<rect onclick='x()' width='10' height='10' fill='red'/></a></svg>"))
        """

    @Test func `a drawing is drawn, as large as the box where it does not say how large it is`() async throws {
        try await Stack.with { stack in
            let answer = try ToolAnswer(await stack.client.execute(Self.code))
            let size = try #require(answer.images.first?.pngSize)
            #expect((size.width, size.height) == (1536, 768))
            #expect(answer.text.contains("**Images:**\nImage 1: drawn from SVG at 1536×768\n"))
        }
    }

    @Test func `a drawing is cleaned and sent on where the settings say so`() async throws {
        try await Stack.with(environment: ["E2B_FCGI_SVG": "sanitise"]) { stack in
            let answer = try ToolAnswer(await stack.client.execute(Self.code))
            let image = try #require(answer.images.first)
            #expect(image.mimeType == "image/svg+xml" && answer.images.count == 1)
            let clean = "<a><rect width=\"10\" height=\"10\" fill=\"red\"/></a></svg>"
            let start = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 20 10\">"
            #expect(String(decoding: image.bytes, as: UTF8.self) == start + clean)
            #expect(!answer.text.contains("**Images:**"))
        }
    }
}
