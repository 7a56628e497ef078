import Foundation
import TestSupport
import Testing

/// Code whose output is meant to hurt: it comes out of a real kernel and goes the whole way.
@Suite(.sharedStack, .timeLimit(.minutes(10)))
struct HostileOutputTests {
    /// Python that displays raw bytes under a MIME type of its choice, after a good 4×3 image.
    private static let prelude = """
        import base64, io, struct, zlib
        from IPython.display import display
        from PIL import Image
        def png(width=4, height=3):
            file = io.BytesIO()
            Image.new("RGB", (width, height), (255, 0, 0)).save(file, "PNG")
            return file.getvalue()
        def chunk(kind, data):
            return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        def show(mime, data):
            display({mime: base64.b64encode(data).decode() if isinstance(data, bytes) else data, "text/plain": "x"}, raw=True)
        print("before")
        show("image/png", png())

        """

    struct Hostility: CustomTestStringConvertible, Sendable {
        let name: String
        let code: String
        let note: String
        var testDescription: String { name }
    }

    @Test(arguments: [
        Hostility(name: "broken base64", code: #"show("image/png", "!!! not base64 !!!")"#, note: "base64"),
        Hostility(name: "no bytes", code: #"show("image/png", "")"#, note: "rejected"),
        Hostility(name: "not an image", code: #"show("image/png", b"hello, this is text")"#, note: "rejected"),
        Hostility(name: "a PNG that says it is a JPEG", code: #"show("image/jpeg", png())"#, note: "PNG"),
        Hostility(name: "a cut PNG", code: #"show("image/png", png(40, 40)[:-20])"#, note: "rejected"),
        Hostility(
            name: "a flipped bit", code: #"data = bytearray(png()); data[45] ^= 4; show("image/png", bytes(data))"#,
            note: "CRC"),
        Hostility(
            name: "a 60,000×60,000 PNG of 1 kB",
            code: """
                show("image/png", b"\\x89PNG\\r\\n\\x1a\\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 60000, 60000, 8, 2, 0, 0, 0))
                    + chunk(b"IDAT", zlib.compress(b"\\0" * 500000, 9)) + chunk(b"IEND", b""))
                """,
            note: "60000×60000"),
        Hostility(
            name: "billion laughs",
            code: """
                entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
                show("image/svg+xml", f'<!DOCTYPE svg [<!ENTITY l0 "lol">{entities}]>'
                    '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><text>&l9;</text></svg>')
                """,
            note: "rejected"),
    ])
    func `a bad image is one line, and all that is good is kept`(hostility: Hostility) async throws {
        let reply = try await SharedStack.client.execute(Self.prelude + hostility.code + "\nprint('after')")
        #expect(reply.status == 200)
        let answer = try ToolAnswer(reply)
        #expect(answer.text.contains("before\nafter"))
        #expect(answer.images.count == 1)
        #expect(answer.images.first?.pngSize.map { $0 == (4, 3) } == true)
        let line = try #require(answer.text.split(separator: "\n").first { $0.hasPrefix("Image 2: rejected, ") })
        #expect(line.contains(hostility.note), "\(line)")
    }

    @Test func `what follows the end of an image is cut off`() async throws {
        let code = #"show("image/png", png(5) + b"PK\x03\x04")"#
        let answer = try ToolAnswer(await SharedStack.client.execute(Self.prelude + code))
        #expect(answer.images.map { $0.pngSize?.width } == [4, 5])
        #expect(answer.images.allSatisfy { Data($0.bytes).range(of: Data("PK".utf8)) == nil })
    }

    @Test(arguments: [
        #"<script>document.location="http://192.0.2.1/"</script>"#,
        #"<image xmlns:xlink="http://www.w3.org/1999/xlink" xlink:href="file:///etc/passwd" width="9" height="9"/>"#,
        #"<foreignObject width="9" height="9"><body xmlns="http://www.w3.org/1999/xhtml">x</body></foreignObject>"#,
    ])
    func `an SVG loses what could do harm and is drawn`(content: String) async throws {
        let svg =
            #"<svg xmlns="http://www.w3.org/2000/svg" width="20" height="10"><rect width="20" height="10" fill="red"/>\#(content)</svg>"#
        let reply = try await SharedStack.client.execute(Self.prelude + "show('image/svg+xml', r'''\(svg)''')")
        let answer = try ToolAnswer(reply)
        #expect(answer.images.map(\.mimeType) == ["image/png", "image/png"])
        #expect(answer.images.last?.pngSize.map { $0 == (20, 10) } == true)
        #expect(answer.text.contains("Image 2: drawn from SVG at 20×10"))
    }

    @Test func `a PNG cut at any byte is rejected`() async throws {
        // One execution for each place would take minutes: the places of one image are spread over ten answers' images.
        for first in stride(from: 1, to: 71, by: 10) {
            let code =
                "data = png()\nfor end in range(\(first), \(first + 9)): show('image/png', data[:min(end, len(data) - 1)])"
            let answer = try ToolAnswer(await SharedStack.client.execute(Self.prelude + code))
            #expect(answer.images.count == 1)
            #expect(answer.text.components(separatedBy: ": rejected, ").count == 10)
        }
    }

    @Test func `a kernel that dies says so, and what came before is kept`() async throws {
        let reply = try await SharedStack.client.execute(
            "import os, time\nprint('last words', flush=True)\ntime.sleep(0.5)\nos._exit(1)")
        #expect(reply.status == 200)
        let text = try ToolAnswer(reply).text
        #expect(text.contains("last words"))
        #expect(text.contains("ContextRestarting"))
    }

    @Test func `eight megabytes of print are cut in the middle`() async throws {
        let reply = try await SharedStack.client.execute("print('begin' + 'z' * 8_000_000 + 'end')")
        #expect(reply.status == 200)
        let text = try ToolAnswer(reply).text
        #expect(text.unicodeScalars.count <= 100_000)
        #expect(text.hasPrefix("**Console Output:**\n```\nbeginzzz"))
        #expect(text.contains("zzzend\n"))
        #expect(text.contains("characters left out"))
    }

    @Test func `more images than an answer carries are counted`() async throws {
        let answer = try ToolAnswer(
            await SharedStack.client.execute(Self.prelude + "for n in range(14): show('image/png', png(5 + n))"))
        #expect(answer.images.count == 10)
        #expect(answer.text.contains("5 of 15 left out"))
    }

    @Test func `hidden variables' values do not come out`() async throws {
        try await Stack.with(environment: ["E2B_CODE_EV_TOKEN": "s3cret-value"]) { stack in
            let code = """
                import os, sys
                token = os.environ["TOKEN"]
                print(len(token), token)
                sys.stdout.write(token[:4]); sys.stdout.flush(); sys.stdout.write(token[4:])
                print(token, file=sys.stderr)
                from IPython.display import display, Markdown
                display(Markdown(token))
                raise ValueError(token)
                """
            let text = try ToolAnswer(await stack.client.execute(code)).text
            #expect(text.contains("12 [hidden:TOKEN]\n[hidden:TOKEN]"))
            #expect(text.contains("ValueError: [hidden:TOKEN]"))
            #expect(!text.contains("s3cret"))
            #expect(!stack.responder.log.contains("s3cret"))
        }
    }
}
