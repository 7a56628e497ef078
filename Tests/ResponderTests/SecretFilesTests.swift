import E2B
import Foundation
import Testing

@testable import Responder

/// Secrets in files that `NAME_FILE` names.
struct SecretFilesTests {
    /// Runs `body` with the path of a file.
    private func withFile<Value>(_ content: [UInt8], _ body: (String) throws -> Value) throws -> Value {
        let file = FileManager.default.temporaryDirectory.appending(path: "e2b-\(UUID().uuidString)")
        try Data(content).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        return try body(file.path)
    }

    private func withFile<Value>(_ content: String, _ body: (String) throws -> Value) throws -> Value {
        try withFile(Array(content.utf8), body)
    }

    @Test(arguments: ["e2b_0123", "e2b_0123\n", "e2b_0123\r\n"])
    func `the file's content is the value, without the end of its line`(content: String) throws {
        try withFile(content) { path in
            let configuration = try Configuration(environment: ["E2B_API_KEY_FILE": path])
            #expect(configuration.e2b.apiKey == "e2b_0123" && configuration.isAPIKeyConfigured)
        }
    }

    @Test(arguments: SecretFiles.names) func `every secret can be in a file`(name: String) throws {
        try withFile("a:0123456789abcdef\n") { path in
            let files = SecretFiles(["\(name)_FILE": path, "OTHER_FILE": path])
            #expect(files.environment == [name: "a:0123456789abcdef", "OTHER_FILE": path] && files.complaints.isEmpty)
        }
    }

    @Test func `a bucket's keys can be in files`() throws {
        try withFile("AKEXAMPLE\n") { id in
            try withFile("a/secret+key\n") { secret in
                #expect(
                    complaints([
                        "E2B_FCGI_STORE": "s3://files", "AWS_ACCESS_KEY_ID_FILE": id,
                        "AWS_SECRET_ACCESS_KEY_FILE": secret,
                    ]).isEmpty)
            }
        }
    }

    @Test func `a file of keys may have one on each line`() throws {
        try withFile("one:0123456789abcdef\n\n two:fedcba9876543210,\r\nthree:0123456789fedcba") { path in
            let configuration = try Configuration(environment: ["E2B_FCGI_KEYS_FILE": path])
            #expect(configuration.keys.map(\.name) == ["one", "two", "three"])
            #expect(configuration.keys.last?.secret == "0123456789fedcba")
        }
    }

    @Test(arguments: [
        ("", "it is empty"), ("\n", "it is empty"), ("e2b\u{0}x", "a control character"),
        ("a\nb", "a control character"),
        ("a\n\n", "a control character"),
    ])
    func `what is no value is refused`(content: String, words: String) throws {
        try withFile(content) { path in
            let complaint = try #require(complaints(["E2B_API_KEY_FILE": path]).first)
            #expect(complaint.contains("E2B_API_KEY") && complaint.contains(words))
        }
    }

    @Test func `what is no text, too long, or no file is refused with the file's name and what to do`() throws {
        try withFile([0xff, 0xfe]) { path in
            #expect(complaints(["E2B_API_KEY_FILE": path]).first?.contains("\(path): it is not UTF-8") == true)
        }
        try withFile([UInt8](repeating: 0x61, count: 1 << 20 + 1)) { path in
            #expect(complaints(["E2B_API_KEY_FILE": path]).first?.contains("it has more than 1048576 bytes") == true)
        }
        #expect(
            complaints(["E2B_API_KEY_FILE": "/nowhere/at/all"]) == [
                "E2B_API_KEY_FILE, /nowhere/at/all: it cannot be read (No such file or directory). "
                    + "Name a file that this process can read, with the value and nothing else in it."
            ])
        for other in ["/tmp", "/dev/null", "/dev/zero"] {
            #expect(complaints(["E2B_FCGI_LINK_SECRET_FILE": other]).first?.contains("it must be a file") == true)
        }
    }

    @Test func `a pipe is not waited for`() throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "e2b-\(UUID().uuidString)").path
        #expect(mkfifo(path, 0o600) == 0)
        defer { unlink(path) }
        #expect(complaints(["E2B_API_KEY_FILE": path]).first?.contains("it must be a file") == true)
    }

    @Test func `a secret in the place of a path is not shown`() {
        let secret = "librechat:0123456789abcdef"
        let complaint = complaints(["E2B_FCGI_KEYS_FILE": secret]).first
        #expect(complaint?.hasPrefix("E2B_FCGI_KEYS_FILE: it cannot be read") == true)
        #expect(complaint?.contains(secret) == false)
    }

    @Test func `a value and a file are one too many`() throws {
        try withFile("e2b_0123") { path in
            #expect(
                complaints(["E2B_API_KEY": "e2b_1", "E2B_API_KEY_FILE": path])
                    == ["E2B_API_KEY and E2B_API_KEY_FILE are both set. Remove one of them."])
            // An empty one counts as absent.
            #expect(complaints(["E2B_API_KEY": "", "E2B_API_KEY_FILE": path]).isEmpty)
        }
        #expect(complaints(["E2B_API_KEY": "e2b_1", "E2B_API_KEY_FILE": ""]).isEmpty)
    }

    @Test func `keys that an empty name leads to are missed`() {
        #expect(complaints(["E2B_FCGI_KEYS_FILE": ""]).first?.contains("there is no key in it") == true)
    }

    @Test(arguments: [
        ("E2B_API_KEYFILE", "E2B_API_KEY_FILE"), ("E2B_FCGI_KEY_FILE", "E2B_FCGI_KEYS_FILE"),
        ("E2B_FGCI_LINK_SECRET_FILE", "E2B_FCGI_LINK_SECRET_FILE"),
    ])
    func `a misspelt name of a file is told`(name: String, intended: String) {
        #expect(complaints([name: "/x"]) == ["\(name): there is no such setting. Is \(intended) meant?"])
    }

    @Test func `what is no secret has no file`() {
        #expect(complaints(["E2B_FCGI_EXECUTIONS_FILE": "/x"]).first?.contains("there is no such setting") == true)
    }

    @Test func `a variable for the sandbox is one, whatever its name`() throws {
        let configuration = try Configuration(environment: ["E2B_CODE_EV_DATA_FILE": "/data/x"])
        #expect(configuration.secretVariables == ["DATA_FILE": "/data/x"])
    }
}
