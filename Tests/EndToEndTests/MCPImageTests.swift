import Foundation
import TestSupport
import Testing

private let seeingKey = "correct-horse-battery-staple-librechat"
private let blindKey = "correct-horse-battery-staple-blind-one"

/// The pictures of `POST /mcp`: within the budget, as links, or both, through nginx and real kernels.
@Suite(
    .sharedStack(environment: [
        "E2B_FCGI_KEYS": "librechat:\(seeingKey),blind:\(blindKey)", "E2B_FCGI_TRUSTED_KEYS": "librechat,blind",
        "E2B_FCGI_MCP_IMAGES": "blind:link",
        // Links are E2B's own then.
        "E2B_FCGI_STORE": "off",
        "E2B_FCGI_USER_HEADER": "X-User-ID",
    ]), .serialized, .timeLimit(.minutes(10)))
struct MCPImageTests {
    /// Pictures that no encoding makes small.
    private func noise(_ count: Int, width: Int = 200, height: Int = 150) -> String {
        """
        import numpy as np
        from PIL import Image
        random = np.random.default_rng(5)
        for number in range(\(count)):
            display(Image.fromarray(random.integers(0, 255, (\(height), \(width), 3), dtype=np.uint8)))
        """
    }

    private func call(
        _ tool: String, _ arguments: [String: JSONTree], key: String = seeingKey, headers: [String: String] = [:],
        query: String = ""
    ) async throws -> JSONTree {
        var client = try SharedStack.client
        client.headers = ["Authorization": "Bearer \(key)", "X-Conversation-ID": "pictures"].merging(headers) { $1 }
        let request: JSONTree = .object([
            "jsonrpc": .text("2.0"), "id": .number(7), "method": .text("tools/call"),
            "params": .object(["name": .text(tool), "arguments": .object(arguments)]),
        ])
        let reply = try await client.send("POST", "/mcp\(query)", body: request.encoded())
        #expect(reply.status == 200)
        return try JSONTree(parsing: reply.body)["result"]
    }

    private struct Content {
        let text: String
        let pictures: [Data]
        /// The addresses in the text, of which a browser needs no key.
        let links: [String]

        init(_ result: JSONTree) throws {
            let blocks = try #require(result["content"].list)
            text = try #require(blocks.first?["text"].string)
            pictures = try blocks.dropFirst().map { block in
                #expect(block["type"] == .text("image"))
                let text = try #require(block["data"].string)
                return try #require(Data(base64Encoded: text))
            }
            links = text.split(whereSeparator: \.isWhitespace).filter { $0.hasPrefix("http") }.map(String.init)
        }
    }

    private func fetched(_ url: String) async throws -> HTTPReply {
        try await HTTPClient(base: url, folder: try SharedStack.client.folder).get("")
    }

    @Test(arguments: [2, 20]) func `pictures share the budget, and those beyond get a link`(count: Int) async throws {
        // As many large ones would take more processor time than one execution has.
        let code = count > 5 ? noise(count, width: 100, height: 80) : noise(count)
        let content = try Content(try await call("run_code", ["code": .text(code)]))
        #expect(content.pictures.count == min(count, 10))
        #expect(content.pictures.reduce(0) { $0 + $1.count } <= 100_000)
        #expect(content.text.hasSuffix("The images are already shown to the user."))
        #expect(content.links.count == max(0, count - 10), "\(content.text)")
        for link in content.links {
            let file = try await fetched(link)
            #expect(file.status == 200 && file.body.starts(with: SampleImages.pngSignature))
        }
    }

    @Test(arguments: [("", [:], blindKey), ("?images=link", [:], seeingKey), ("", ["X-Images": "link"], seeingKey)])
    func `who sees no pictures gets links to them`(query: String, headers: [String: String], key: String) async throws {
        let drawn = try Content(
            try await call("run_code", ["code": .text(noise(2))], key: key, headers: headers, query: query))
        #expect(drawn.pictures.isEmpty && drawn.links.count == 2)
        #expect(!drawn.text.contains("already shown"))
        for link in drawn.links { #expect(try await fetched(link).body.starts(with: SampleImages.pngSignature)) }
        let save: JSONTree = .text("Image.new('RGB', (40, 30)).save('/home/user/a.png')")
        _ = try await call("run_code", ["code": save], key: key)
        let read = try Content(
            try await call("read_file", ["path": .text("/home/user/a.png")], key: key, headers: headers, query: query))
        #expect(read.pictures.isEmpty && read.links.count == 1)
        #expect(try await fetched(read.links.first ?? "").body.starts(with: SampleImages.pngSignature))
    }

    @Test func `both are a picture and its link`() async throws {
        let content = try Content(
            try await call("run_code", ["code": .text(noise(1))], key: blindKey, headers: ["X-Images": "both"]))
        #expect(content.pictures.count == 1 && content.links.count == 1)
        #expect(content.text.hasSuffix("The image is already shown to the user."))
    }

    @Test func `a sandbox that ends with its call gives no links, and that is said`() async throws {
        let content = try Content(
            try await call("run_code", ["code": .text(noise(1))], key: blindKey, headers: ["X-Conversation-ID": ""]))
        #expect(content.pictures.isEmpty && content.links.isEmpty)
        #expect(content.text.contains("its sandbox ends with the call"))
    }

    @Test func `an unknown form is named, and nothing runs`() async throws {
        let result = try await call("run_code", ["code": .text("print('ran')")], query: "?images=none")
        #expect(result["isError"] == .flag(true))
        let text = try Content(result).text
        #expect(text.contains("inline, link, both") && !text.contains("ran"))
    }
}
