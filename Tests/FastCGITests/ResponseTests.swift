import TestSupport
import Testing

@testable import FastCGI

@Suite
struct ResponseTests {
    private func head(_ response: Response) -> String { String(decoding: response.head, as: UTF8.self) }

    @Test func `a head is status, headers, length, and an empty line`() {
        let response = Response(status: 201, headers: [("Content-Type", "text/plain")], body: Array("hello".utf8))
        #expect(
            head(response) == "Status: 201 Created\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\n")
    }

    @Test(arguments: ["a\r\nSet-Cookie: b", "a\nb", "a\0b", "a\u{7f}b"])
    func `no header value ends its line`(value: String) {
        let text = head(Response(status: 200, headers: [("X", value)]))
        #expect(text.split(separator: "\r\n").count == 3)
        #expect(!text.contains("\0"))
        #expect(text.hasPrefix("Status: 200 OK\r\nX: a "))
    }

    @Test(arguments: ["", "A B", "A:", "A\r\nB", "Ä", "Status", "STATUS", "content-length", "Content-Length"])
    func `a header of such a name is dropped`(name: String) {
        let response = Response(status: 200, headers: [(name, "404 x"), ("Kept", "1")])
        #expect(head(response) == "Status: 200 OK\r\nKept: 1\r\nContent-Length: 0\r\n\r\n")
    }

    @Test(arguments: [-1, 0, 99, 100, 101, 199, 600, 999, Int.max])
    func `what is no final status is our error`(status: Int) {
        #expect(head(Response(status: status)).hasPrefix("Status: 500 Internal Server Error\r\n"))
    }

    @Test func `every final status has a reason`() {
        for status in 200...599 {
            let line = head(Response(status: status)).prefix { $0 != "\r\n" }
            #expect(line.hasPrefix("Status: \(status) ") && line.count > 13)
        }
    }

    @Test func `HEAD gets the length without the body`() async throws {
        try await withServer(handler: { _ in Response(status: 200, body: [1, 2, 3]) }) { path, _ in
            let web = try WebServer(unix: path)
            try await web.send(["REQUEST_METHOD": "HEAD"])
            let answer = await web.answer()
            #expect(answer.header("content-length") == "3")
            #expect(answer.body.isEmpty && answer.isEnded)
        }
    }

    @Test(arguments: [204, 304]) func `a status without a body has none`(status: Int) {
        let response = Response(status: status, body: [1])
        #expect(response.body(forMethod: "GET").bytes == [])
        #expect(!head(response).contains("Content-Length"))
    }
}

@Suite
struct FastCGIRequestTests {
    private func request(_ params: [String: String]) -> FastCGIRequest { .init(params: params, stdin: .success([])) }

    @Test(arguments: [
        (["PATH_INFO": "/a", "SCRIPT_NAME": "/b", "DOCUMENT_URI": "/c"], "/a"),
        (["PATH_INFO": "", "SCRIPT_NAME": "/b?x=/y", "DOCUMENT_URI": "/c"], "/b"),
        (["SCRIPT_NAME": "", "DOCUMENT_URI": "/c"], "/c"), (["PATH_INFO": "a/b"], "/a/b"), (["SCRIPT_NAME": "?x"], "/"),
        ([:], "/"),
    ])
    func `the path is the first that is not empty`(params: [String: String], path: String) {
        #expect(request(params).path == path)
    }

    @Test func `a header is found whatever its case`() {
        let request = request(["HTTP_X_API_KEY": "secret", "CONTENT_TYPE": ""])
        #expect(request.header("X-API-Key") == "secret")
        #expect(request.header("x-api-key") == "secret")
        #expect(request.header("X-Other") == nil)
        #expect(request.contentType == nil)
    }

    @Test func `what the web server does not say is empty`() {
        let request = request([:])
        #expect(request.method == "GET" && request.query == "" && request.remoteAddress == "")
    }
}
