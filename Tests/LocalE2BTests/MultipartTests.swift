import Testing

@testable import LocalE2B

@Suite struct MultipartTests {
    private let type = "multipart/form-data; boundary=c7aa2338"

    private func body(_ parts: [(headers: String, content: String)]) -> [UInt8] {
        Array((parts.map { "--c7aa2338\r\n\($0.headers)\r\n\r\n\($0.content)\r\n" }.joined() + "--c7aa2338--\r\n").utf8)
    }

    private func text(_ part: Multipart.Part) -> String { String(decoding: part.content, as: UTF8.self) }

    @Test func `the SDK's upload`() throws {
        let bytes = body([
            (
                "Content-Disposition: form-data; name=\"file\"; filename=\"dir/a.txt\"\r\nContent-Type: text/plain",
                "héllo"
            ),
            ("content-disposition: form-data; name=file; filename=b", ""),
        ])
        let parts = try Multipart.parts(of: bytes, contentType: type)
        #expect(parts.map(\.name) == ["file", "file"])
        #expect(parts.map(\.filename) == ["dir/a.txt", "b"])
        #expect(parts.map(text) == ["héllo", ""])
    }

    @Test func `content may look like almost a boundary`() throws {
        let content = "\r\n--c7aa233\r\n\r\n--C7AA2338--\r\n"
        let parts = try Multipart.parts(
            of: body([("Content-Disposition: form-data; name=\"file\"; filename=\"a \\\"b\\\";c\"", content)]),
            contentType: "multipart/form-data; charset=x; boundary=\"c7aa2338\"")
        #expect(parts.map(text) == [content])
        #expect(parts.first?.filename == "a \"b\";c")
    }

    @Test func `every truncation is refused or shorter, and none crashes`() {
        let whole = body([("Content-Disposition: form-data; name=\"file\"; filename=\"a\"", "one")])
        for count in 0..<whole.count - 4 {
            #expect(throws: Multipart.ParseError.self) {
                try Multipart.parts(of: Array(whole.prefix(count)), contentType: type)
            }
        }
    }

    @Test func `what has no boundary or no name is refused`() {
        #expect(throws: Multipart.ParseError.noBoundary) {
            try Multipart.parts(of: [], contentType: "multipart/form-data")
        }
        #expect(throws: Multipart.ParseError.badHeader) {
            try Multipart.parts(of: body([("X: y", "z")]), contentType: type)
        }
    }
}
