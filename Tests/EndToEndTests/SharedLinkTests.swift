import Foundation
import TestSupport
import Testing

private let key = "correct-horse-battery-staple-librechat"

/// Links to copies in the store, through nginx, which sends them from its disk.
@Suite(
    .sharedStack(environment: [
        "E2B_FCGI_IMAGES_AS": "link", "E2B_FCGI_KEYS": "librechat:\(key)",
        "E2B_FCGI_TRUSTED_KEYS": "librechat",
    ]), .serialized, .timeLimit(.minutes(10)))
struct SharedLinkTests {
    private var client: HTTPClient {
        get throws {
            var client = try SharedStack.client
            client.headers = ["X-API-Key": key]
            return client
        }
    }

    /// As a browser asks from another page, without a key.
    private func open(_ url: String, method: String = "GET", _ headers: [String: String] = [:]) async throws
        -> HTTPReply
    {
        var client = HTTPClient(base: url, folder: try SharedStack.client.folder)
        client.headers = ["Origin": "https://chat.example", "Sec-Fetch-Site": "cross-site"].merging(headers) { $1 }
        return try await client.send(method, "")
    }

    @Test func `a link opens when the sandbox is gone, and ends when it says`() async throws {
        let url = try await client.withSession { session in
            _ = try await session("write_file", ["filePath": "out/räport.csv", "fileContent": "a,b\n1,2\n"])
            let link = try await session("get_file_downloadurl", ["filePath": "out/räport.csv", "expiresIn": 0.2])
            return try #require(link["downloadUrl"].string, "\(link)")
        }
        let file = try await open(url)
        #expect(file.status == 200 && file.text == "a,b\n1,2\n")
        #expect(file.headers["content-disposition"]?.hasPrefix("attachment;") == true, "\(file.headers)")
        #expect(file.headers["x-content-type-options"] == "nosniff")
        #expect(file.headers["content-security-policy"] == "sandbox; default-src 'none'")
        #expect(file.headers["cross-origin-resource-policy"] == "cross-origin")
        let head = try await open(url, method: "HEAD")
        #expect(head.status == 200 && head.headers["content-length"] == "8" && head.body.isEmpty)
        let part = try await open(url, ["Range": "bytes=2-3"])
        #expect(part.status == 206 && part.text == "b\n")

        // One character of the token, which follows /f/.
        let token = try #require(url.firstRange(of: "/f/")).upperBound
        for place in [0, 30, 45, 60] {
            var changed = Array(url)
            let index = url.distance(from: url.startIndex, to: token) + place
            changed[index] = changed[index] == "A" ? "B" : "A"
            #expect(try await open(String(changed)).status == 403)
        }
        // What nginx sends is not to be had without the responder.
        let inside = try await SharedStack.client.get("/e2b-fcgi-store/a/b/c")
        #expect(inside.status == 404)
        let stack = try #require(SharedStack.current)
        try await stack.local.wait(for: "the link's end") { try await open(url).status != 200 }
        #expect(try await open(url).status == 410)
    }

    @Test func `the model gets a line that shows the picture`() async throws {
        let code = "from PIL import Image; display(Image.new('RGB', (40, 30), 'red'))"
        let answer = try ToolAnswer(try await client.execute(code))
        #expect(answer.images.isEmpty)
        let line = try #require(answer.text.firstMatch(of: /!\[image 1\]\((http[^)]*)\)/), "\(answer.text)")
        let picture = try await open(String(line.1))
        #expect(picture.status == 200 && picture.body.starts(with: SampleImages.pngSignature))
        #expect(picture.headers["content-type"] == "image/png")
        #expect(picture.headers["content-disposition"]?.hasPrefix("inline;") == true)

        try await client.withSession { session in
            let answer = try await session("execute", ["code": .text(code)])
            let markdown = try #require(answer["images"][0]["markdown"].string, "\(answer)")
            let url = try #require(markdown.firstMatch(of: /\((http.*)\)/)).1
            #expect(try await open(String(url)).body == picture.body)
        }
    }

    @Test func `a shared picture goes through the gate, and what is none is saved`() async throws {
        func share(_ path: String) async throws -> HTTPReply {
            let request: JSONTree = .object([
                "jsonrpc": .text("2.0"), "id": .number(7), "method": .text("tools/call"),
                "params": .object([
                    "name": .text("share_file"), "arguments": .object(["path": .text(path)]),
                ]),
            ])
            var client = try client
            client.headers["X-Conversation-ID"] = "sharing"
            let reply = try await client.send("POST", "/mcp", body: request.encoded())
            let text = try JSONTree(parsing: reply.body)["result"]["content"][0]["text"].string ?? reply.text
            return try await open(String(try #require(text.split(separator: " ").first)))
        }
        let make: JSONTree = .object([
            "jsonrpc": .text("2.0"), "id": .number(6), "method": .text("tools/call"),
            "params": .object([
                "name": .text("run_code"),
                "arguments": .object([
                    "code": .text(
                        """
                        from PIL import Image
                        from PIL.PngImagePlugin import PngInfo
                        info = PngInfo(); info.add_text("Comment", "metadata")
                        Image.new('RGB', (3000, 40)).save('/home/user/wide.png', pnginfo=info)
                        open('/home/user/broken.png', 'wb').write(open('/home/user/wide.png', 'rb').read()[:60])
                        open('/home/user/large.bin', 'wb').write(bytes(range(256)) * 40_000)
                        """)
                ]),
            ]),
        ])
        var maker = try client
        maker.headers["X-Conversation-ID"] = "sharing"
        _ = try await maker.send("POST", "/mcp", body: make.encoded())
        let picture = try await share("/home/user/wide.png")
        #expect(picture.headers["content-disposition"]?.hasPrefix("inline;") == true, "\(picture.headers)")
        // With all of its pixels, and nothing else.
        #expect(Array(picture.body[16..<24]) == [0, 0, 0x0B, 0xB8, 0, 0, 0, 40])
        #expect(picture.body.firstRange(of: Data("metadata".utf8)) == nil)
        let broken = try await share("/home/user/broken.png")
        #expect(broken.headers["content-disposition"]?.hasPrefix("attachment;") == true && broken.body.count == 60)
        #expect(broken.headers["content-type"] == "application/octet-stream")
        let large = try await share("/home/user/large.bin")
        #expect(large.body.count == 10_240_000 && large.body.prefix(256) == Data(0...255))
    }
}
