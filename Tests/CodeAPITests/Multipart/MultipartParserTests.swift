import CodeAPI
import TestSupport
import Testing

struct MultipartParserTests {
    private let form = Form()

    @Test func `fields and files come with their contents, in any order`() throws {
        let parts = try form.parts(
            of: form.body([
                form.field("kind", "user"), form.file("data.csv", "a,b\r\n1,2\r\n"), form.field("id", "u1"),
                form.file("empty", "", type: "Text/Plain; charset=utf-8"),
            ]))
        #expect(parts.map(\.part.name) == ["kind", "file", "id", "file"])
        #expect(parts.map(\.part.filename) == [nil, "data.csv", nil, "empty"])
        #expect(parts.map(\.part.contentType) == [nil, "text/csv", nil, "text/plain"])
        #expect(parts.map(\.text) == ["user", "a,b\r\n1,2\r\n", "u1", ""])
    }

    @Test(arguments: [
        "--", "\r\n--\(Form.boundary)x\r\n", "\r\n--\(Form.boundary)-\r\n", "\r\n--\(Form.boundary.dropLast())\r\n",
        "\n--\(Form.boundary)\n", "\r\n\r\n--\(Form.boundary)--x", "\r\n--\(Form.boundary) x\r\n", "\r", "\r\n",
        "\r\n-",
        " --\(Form.boundary)--\r\n", "\r\n--\(Form.boundary.uppercased())--\r\n",
    ])
    func `content may look like almost a boundary`(content: String) throws {
        let body = form.body([form.file("a", content), form.file("b", content + content)])
        for size in [1, 2, 3, 40, 1000] {
            let parts = try form.parts(of: body, pieces: [size])
            #expect(parts.map(\.text) == [content, content + content])
        }
    }

    @Test func `how a body is cut into pieces makes no difference`() throws {
        var generator = SplitMix64(state: 7)
        let snippets = [
            "\r\n", "--", "-", form.boundary, "\r\n--\(form.boundary)", "\r\n--\(form.boundary)x", "text", "\u{0}",
            "\r", "é",
            String(repeating: "x", count: 300),
        ]
        for _ in 0..<300 {
            let contents = (0..<Int.random(in: 1...4, using: &generator)).map { _ in
                (0..<Int.random(in: 0...8, using: &generator)).map { _ in
                    snippets.randomElement(using: &generator) ?? ""
                }.joined()
            }
            let body = form.body(contents.map { form.file("ä b.csv", $0) })
            let whole = Result { try form.parts(of: body) }
            let sizes = (0..<5).map { _ in Int.random(in: 1...60, using: &generator) }
            let pieces = Result { try form.parts(of: body, pieces: sizes) }
            switch (whole, pieces) {
            case (.success(let whole), .success(let pieces)): #expect(whole == pieces)
            case (.failure, .failure): break
            default: Issue.record("\(whole) and, in pieces of \(sizes), \(pieces)")
            }
        }
    }

    @Test func `every cut is noticed`() throws {
        let body = form.body([form.field("kind", "user"), form.file("a", "one\r\n")])
        for count in 0..<body.count - 2 {
            // The last line break may be missing, in part or as a whole.
            #expect(throws: MultipartError.self, "\(count)") { try form.parts(of: Array(body.prefix(count))) }
        }
        for count in body.count - 2...body.count {
            #expect(try form.parts(of: Array(body.prefix(count))).count == 2)
        }
    }

    @Test func `a text before the form, blanks after a boundary and a text after the end are nothing`() throws {
        let bytes = Array(
            ("This is a form.\r\n--\(form.boundary) \t\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--\(form.boundary)  "
                + "\r\ncontent-disposition:form-data;name=\"b\"\r\n\r\n\r\n--\(form.boundary)-- \r\nThe end.\r\n").utf8)
        #expect(try form.parts(of: bytes).map(\.text) == ["1", ""])
        #expect(try form.parts(of: bytes, pieces: [1]).map(\.text) == ["1", ""])
    }

    @Test func `a part may end with its headers`() throws {
        let bytes = Array(
            "--\(form.boundary)\r\nContent-Disposition: form-data; name=a\r\n\r\n--\(form.boundary)--".utf8)
        for size in [1, 7, 1000] { #expect(try form.parts(of: bytes, pieces: [size]).map(\.text) == [""]) }
    }

    @Test(arguments: [
        ("", MultipartError.noParts), ("{}", .noParts), ("--other\r\n", .noParts),
        (String(repeating: "x", count: 5000), .preambleTooLong(limit: 4096)),
        ("--B--\r\n", nil),
        ("--B\r\n\r\nx\r\n--B--\r\n", .badHead),
        ("--B\r\nContent-Disposition: attachment; name=a\r\n\r\nx\r\n--B--\r\n", .badHead),
        ("--B\r\nnothing\r\n\r\nx\r\n--B--\r\n", .badHead),
        ("--B\r\nContent-Disposition: form-data\r\n\r\nx\r\n--B--\r\n", .unnamedPart),
        ("--B\r\nContent-Disposition: form-data; name=\"\"\r\n\r\nx\r\n--B--\r\n", .unnamedPart),
        ("--B\r\nContent-Disposition: form-data; filename=a\r\n\r\nx\r\n--B--\r\n", nil),
        (
            "--B\r\nContent-Disposition: form-data; name=\"\(String(repeating: "n", count: 9000))\"\r\n\r\nx",
            .headTooLong(limit: 8192)
        ),
        ("--B\r\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n--B--\r\n--B\r\n", .boundaryInContent),
        ("--B\r\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n--B--\r\nmore\r\n--B--\r\n", .boundaryInContent),
    ])
    func `what is no form is named`(body: String, error: MultipartError?) throws {
        for size in [1, 100_000] {
            let form = Form(boundary: "B")
            let found = Result { try form.parts(of: Array(body.utf8), pieces: [size]) }
            switch found {
            case .success: #expect(error == nil)
            case .failure(let failure): #expect(failure as? MultipartError == error)
            }
        }
    }

    @Test func `ten thousand parts are too many`() throws {
        let body = form.body((0..<10_000).map { form.field("f\($0)", "") })
        #expect(throws: MultipartError.tooManyParts(limit: 1000)) { try form.parts(of: body) }
        #expect(try form.parts(of: body, partLimit: 10_000).count == 10_000)
        #expect(throws: MultipartError.tooManyParts(limit: 9999)) { try form.parts(of: body, partLimit: 9999) }
    }

    @Test(
        arguments: [
            (nil, MultipartError.noBoundary), ("application/json", .noBoundary), ("multipart/form-data", .noBoundary),
            ("multipart/mixed; boundary=a", .noBoundary), ("multipart/form-data; boundary=", .badBoundary),
            ("multipart/form-data; boundary=\"\"", .badBoundary),
            ("multipart/form-data; boundary=\"a \"", .badBoundary),
            ("multipart/form-data; boundary=ä", .badBoundary),
            ("multipart/form-data; boundary=\(String(repeating: "b", count: 201))", .badBoundary),
        ] as [(String?, MultipartError)])
    func `a form needs a boundary`(contentType: String?, error: MultipartError) {
        #expect(throws: error) { try MultipartBoundary(contentType: contentType) }
    }

    @Test(arguments: [
        "multipart/form-data; boundary=a", "Multipart/Form-Data;BOUNDARY=\"a\"",
        "multipart/form-data; charset=utf-8; boundary=a",
        "multipart/form-data ; boundary = a ; x=y",
    ])
    func `the boundary is found`(contentType: String) throws {
        #expect(
            try MultipartBoundary(contentType: contentType)
                == MultipartBoundary(contentType: "multipart/form-data; boundary=a"))
    }
}
