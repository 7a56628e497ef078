import Foundation
import Interpreter
import Testing

@testable import LibreChat

/// A file comes out of the request's body as it went in, whatever JSON made of it.
struct FileContentTests {
    private func content(_ json: String) throws -> [UInt8]? {
        (try ActionRequest(json: Array(json.utf8)).action as? WriteFile)?.content
    }

    private func request(_ content: String, encoding: String? = nil) -> String {
        let encoding = encoding.map { ",\"encoding\":\"\($0)\"" } ?? ""
        return
            "{\"action\":\"write_file\",\"fileContent\":\(content),\"sessionId\":\"s\",\"filePath\":\"/x\"\(encoding)}"
    }

    @Test(arguments: [
        ("", ""), ("plain", "plain"), (#"a\nb\t\"c\"\\"#, "a\nb\t\"c\"\\"), (#"\u00e9é\ud83e\udd8a🦊"#, "éé🦊🦊"),
        (#"\n"#, "\n"), (#"\u0000"#, "\0"),
    ])
    func `text`(json: String, expected: String) throws {
        #expect(try content(request("\"\(json)\"")) == Array(expected.utf8))
        #expect(try content(request("\"\(json)\"", encoding: "utf-8")) == Array(expected.utf8))
    }

    @Test func `base64, also in lines, of every length`() throws {
        for count in [0, 1, 2, 3, 4, 5, 47, 48, 49, 1000, 100_000] {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7 ^ $0 >> 8) }
            let plain = Data(bytes).base64EncodedString()
            let lines = Data(bytes).base64EncodedString(options: .lineLength76Characters)
                .replacing("\r\n", with: #"\r\n"#)
            for text in [plain, lines, plain.replacing("/", with: #"\/"#), " \(plain) "] {
                #expect(try content(request("\"\(text)\"", encoding: "base64")) == bytes, "\(count)")
            }
        }
    }

    @Test(arguments: [
        "A", "AAAAA", "A===", "=", "AA=A", "aGVsbG8=aGVsbG8=", "not base64!", "aGVs*bG8=", "data:text/plain,hello",
        "data:image/png;base64",
    ])
    func `what is no base64`(text: String) throws {
        let failure = ActionFailure("`fileContent` must be base64, as `encoding` says.", sessionID: "s")
        #expect(throws: failure) { try content(request("\"\(text)\"", encoding: "base64")) }
    }

    @Test(arguments: [
        ("ab-_cd-_", "ab+/cd+/"), ("data:text/plain;base64,aGVsbG8=", "aGVsbG8="), ("aGVsbG8", "aGVsbG8="),
        (" DATA:;base64,aGVs\\nbG8=\\n", "aGVsbG8="), ("__79", "//79"),
    ])
    func `base64url, data URIs and what lacks its padding are understood`(text: String, plain: String) throws {
        let expected = Data(base64Encoded: plain).map { [UInt8]($0) }
        #expect(try content(request("\"\(text)\"", encoding: "base64")) == expected)
    }

    @Test func `half of a character is named`() throws {
        let failure = try #require(throws: ActionFailure.self) { try content(request(#""\ud83e""#)) }
        #expect(failure.sentence.contains("half of a character"))
    }

    @Test(arguments: ["1", "[]", "{}", "true"]) func `what is no string is refused`(json: String) throws {
        #expect(throws: ActionFailure("`fileContent` must be a string.", sessionID: "s")) { try content(request(json)) }
    }

    @Test func `none is none`() throws {
        #expect(throws: ActionFailure("`fileContent` is required for `write_file` action.", sessionID: "s")) {
            try content(request("null"))
        }
        #expect(try content(#"{"action":"help"}"#) == nil)
    }
}
