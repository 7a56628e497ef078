import Testing

@testable import LocalE2B

struct EdgeHeadTests {
    private static let whole = "GET / HTTP/1.1\r\nHost: 8080-abc.localhost:1\r\nE2b-Sandbox-Id: abc\r\n\r\n"

    @Test func `a head is read when it is complete, and not before`() throws {
        let bytes = Array(Self.whole.utf8)
        for count in 0..<bytes.count - 2 { #expect(try EdgeHead(Array(bytes.prefix(count))) == nil) }
        let head = try EdgeHead(bytes + Array("body: of the request\r\n\r\n".utf8))
        #expect(head?.host == "8080-abc.localhost:1" && head?.sandboxID == "abc" && head?.sandboxPort == nil)
    }

    @Test(arguments: [
        "GET / HTTP/1.1\nhost:\t a \n\n", "GET / HTTP/1.0\r\nA: b\r\nHOST:a\r\nHost: second\r\n\r\n",
        "POST /x y HTTP/1.1\r\nno colon\r\nHost: a\r\n\r\n",
    ])
    func `what servers tolerate is tolerated`(text: String) throws {
        #expect(try EdgeHead(Array(text.utf8))?.host == "a")
    }

    @Test(arguments: ["PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "\u{16}\u{3}\u{1}\r\n\r\n", "GET /\r\n\r\n", "\r\n\r\n"])
    func `anything but HTTP 1 is refused`(text: String) {
        #expect(throws: EdgeHead.ParseError.notHTTP) { try EdgeHead(Array(text.utf8)) }
    }

    @Test func `a head has a limit`() throws {
        func head(_ count: Int) -> [UInt8] {
            let start = Array("GET / HTTP/1.1\r\nA: ".utf8)
            return start + [UInt8](repeating: 0x78, count: count - start.count - 2) + Array("\r\n\r\n".utf8)
        }
        #expect(try EdgeHead(head(EdgeHead.limit)) != nil)
        #expect(throws: EdgeHead.ParseError.tooLarge) { try EdgeHead(head(EdgeHead.limit + 1)) }
        #expect(throws: EdgeHead.ParseError.tooLarge) {
            try EdgeHead([UInt8](repeating: 0x78, count: EdgeHead.limit + 1))
        }
    }
}
