import CodeAPI
import Testing

struct FilenameTests {
    private func filename(_ parameters: String) throws -> String? {
        let form = Form()
        let parts = try form.parts(
            of: form.body([("Content-Disposition: form-data; name=\"file\"; \(parameters)", "")]))
        return parts.first?.part.filename
    }

    @Test(arguments: [
        (#"filename="data.csv""#, "data.csv"), ("filename=data.csv", "data.csv"), (#"filename="""#, ""),
        (#"filename="skill/sub dir/a;b.md""#, "skill/sub dir/a;b.md"), (#"filename="データ😀.csv""#, "データ😀.csv"),
        // RFC 2183, browsers, and form-data of npm, which writes it as it is.
        (#"filename="a \"b\" \\c.csv""#, #"a "b" \c.csv"#), (#"filename="a %22b%22.csv""#, #"a "b".csv"#),
        (#"filename="a "b" c.csv""#, #"a "b" c.csv"#), (#"filename="a%0d%0Ab""#, "a\r\nb"),
        ("filename=\"a\nb\"", "a\nb"), ("filename=\"a\r\nb\"", "a\nb"), ("filename=\"a\n\n b\"; x=y", "a\n b"),
        (#"filename="C:\dir\a.csv""#, #"C:\dir\a.csv"#), (#"filename="C:\dir\""#, #"C:\dir\"#),
        // A percent sign is one.
        (#"filename="%2e%2e/100%.csv""#, "%2e%2e/100%.csv"), (#"filename="%E3%83%87""#, "%E3%83%87"),
        (#"filename="a%2""#, "a%2"),
        // RFC 5987.
        (#"filename="d_ta.csv"; filename*=UTF-8''d%C3%A4ta%20%2e.csv"#, "däta ..csv"),
        (#"filename*=utf-8'de'%e2%82%ac.csv; filename="x""#, "€.csv"), ("filename*=iso-8859-1''%e9.csv", "é.csv"),
        (#"filename="a"; filename*=UTF-8''%ff"#, "a"), (#"filename="a"; filename*=koi8-r''b"#, "a"),
        (#"filename="a"; filename*=UTF-8''%+1"#, "a"), (#"filename="a"; filename*=nonsense"#, "a"),
        // The first counts.
        (#"filename="a"; filename="b""#, "a"), (#"FileName = "a" ; x"#, "a"), (#"x; filename="a""#, "a"),
    ])
    func `every way to write a file's name is read`(parameters: String, name: String) throws {
        let read = try #require(try filename(parameters))
        #expect(Array(read.utf8) == Array(name.utf8))
    }

    @Test func `bytes that are not UTF-8 are Latin-1`() throws {
        let form = Form(boundary: "B")
        var body = Array("--B\r\nContent-Disposition: form-data; name=f; filename=\"d".utf8)
        body += [0xe4] + Array("ta\"\r\n\r\n\r\n--B--".utf8)
        #expect(try form.parts(of: body).first?.part.filename == "däta")
    }

    @Test(arguments: ["text/html", "image/svg+xml"]) func `a type is taken without its parameters`(type: String) throws
    {
        let form = Form()
        for written in [type, "\(type); charset=x", type.uppercased()] {
            #expect(try form.parts(of: form.body([form.file("a", "", type: written)])).first?.part.contentType == type)
        }
    }

    @Test(arguments: [
        "", "text", "text/", "/x", "a/b/c", "te xt/x", "text/\u{e9}", "a/\(String(repeating: "b", count: 101))",
    ])
    func `what is no type is none`(type: String) throws {
        let form = Form()
        #expect(try form.parts(of: form.body([form.file("a", "", type: type)])).first?.part.contentType == nil)
    }
}
