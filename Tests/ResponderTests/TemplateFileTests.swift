import Foundation
import JSON
import LibreChat
import Testing

@testable import Responder

@Suite(.timeLimit(.minutes(10)))
struct TemplateFileTests {
    private func templates(_ yaml: String) throws -> JSONNode { try TemplateFile(Array(yaml.utf8)).templates }

    private func refusal(of bytes: [UInt8]) -> YAMLError? {
        do throws(YAMLError) {
            _ = try TemplateFile(bytes)
            return nil
        } catch {
            return error
        }
    }

    private static let list = """
        # what we offer
        - id: code-interpreter-v1
          description: "Python, with \\u00e9verything"
          cpus: 2
          ports: [8080, 0x10, 0o17]
          public: true
        - id: 'ubuntu: plain'
          notes: |
            two
            lines
          owner: ~
          price: 1.50
        """

    private static let value: JSONNode = [
        [
            "id": "code-interpreter-v1", "description": "Python, with éverything", "cpus": 2,
            "ports": [8080, 16, 15], "public": true,
        ],
        ["id": "ubuntu: plain", "notes": "two\nlines\n", "owner": .null, "price": "1.50"],
    ]

    @Test func `a list of objects is read as it stands`() throws {
        // The literal block ends the document in one way here and in another below.
        let lines = Self.list.split(separator: "\n").map { "  \($0)\n" }.joined()
        #expect(try templates(Self.list) == Self.value)
        #expect(try templates("templates:\n" + lines) == Self.value)
        #expect(try templates("version: 1\ntemplates:\n" + lines) == Self.value)
        #expect(try templates("\u{feff}---\n" + Self.list + "\n...\n") == Self.value)
        #expect(try templates(Self.list.replacing("\n", with: "\r\n")) == Self.value)
        #expect(try templates("[]") == [])
        #expect(try templates(#"[{"id": "json, too", "n": -7}]"#) == [["id": "json, too", "n": -7]])
    }

    @Test(
        arguments: [
            ("~", .null), ("null", .null), ("", .null), ("nULL", "nULL"), ("true", true), ("FALSE", false),
            ("yes", "yes"), ("on", "on"), ("tRUE", "tRUE"), ("0", 0), ("-12", -12), ("+12", 12), ("007", 7),
            ("0x1f", 31), ("0x", "0x"), ("0x-1", "0x-1"), ("0b1", "0b1"), ("0o8", "0o8"), ("1_000", "1_000"),
            ("9223372036854775807", 9_223_372_036_854_775_807), ("9223372036854775808", "9223372036854775808"),
            ("1.5", "1.5"), ("1e3", "1e3"), (".inf", ".inf"), ("2026-11-21", "2026-11-21"),
            ("'12'", "12"), ("\"true\"", "true"), ("''", ""), ("\"a\\0b\"", "a\0b"), ("🐍 snake", "🐍 snake"),
        ] as [(String, JSONNode)])
    func `a scalar means what YAML 1-2 says, and stays text where JSON has no integer`(
        yaml: String, value: JSONNode
    ) throws {
        #expect(try templates("- x: \(yaml)") == [["x": value]])
    }

    @Test(
        arguments: [
            ("", nil, "it is empty"),
            ("# only a comment\n", nil, "it is empty"),
            ("just text", 1, "there must be a list of templates"),
            ("a: 1\nb: 2", 1, "there must be a list of templates"),
            ("a: 1\ntemplates:\n", 2, "there must be a list of templates"),
            ("templates:\n  x: 1", 2, "there must be a list of templates"),
            ("- id: a\n- text", 2, "a template must be an object"),
            ("- id: a\n- [x]", 2, "a template must be an object"),
            ("- id: a\n  id: b", 2, "a name is there twice"),
            ("- id: a\n- [x]: 1", 2, "a name must be a text"),
            ("- id: a\n  b: [1, 2", 3, "did not find expected"),
            ("- id: a\n\tb: 1", 2, "found a tab character"),
            ("- id: \"open\n\n", 3, "found unexpected end of stream"),
            ("- id: a\n---\n- id: b", 2, "a second document"),
            ("- id: a\n- &x {id: b}", 2, "anchors are not taken"),
            ("- id: a\n- &x b", 2, "anchors are not taken"),
            ("- id: a\n- &x [b]", 2, "anchors are not taken"),
            ("- id: a\n- *x", 2, "aliases are not taken"),
            ("- id: a\n- *x : 1", 2, "aliases are not taken"),
            ("- id: !!str 1", 1, "tags are not taken"),
            ("- !!python/object:os.system {}", 1, "tags are not taken"),
            ("- id: a\n- ! [b]", 2, "tags are not taken"),
            ("%YAML 3.0\n---\n- id: a", 1, "incompatible YAML document"),
            ("- id: a\n- id: \u{1}", 2, "control characters are not allowed"),
        ] as [(String, Int?, String)])
    func `what is not taken is told with its line`(yaml: String, line: Int?, reason: String) throws {
        let error = try #require(refusal(of: Array(yaml.utf8)))
        #expect(error.line == line, "\(error)")
        #expect(error.reason.contains(reason), "\(error)")
    }

    @Test func `bytes that are no UTF-8 are told with their line`() throws {
        for bytes: [UInt8] in [
            [0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf8, 0x88, 0x80, 0x80, 0x80], [0xe2, 0x82],
        ] {
            let error = try #require(refusal(of: Array("- id: a\n- id: ".utf8) + bytes))
            #expect(error.line == 2, "\(error)")
        }
        // UTF-16 is YAML, and none of ours.
        #expect(refusal(of: [0xff, 0xfe, 0x2d, 0, 0x20, 0]) != nil)
    }

    @Test func `a billion laughs are none`() throws {
        var yaml = "a: &a [lol, lol]\n"
        for (last, next) in zip("abcdefgh", "bcdefghi") { yaml += "\(next): &\(next) [*\(last), *\(last)]\n" }
        #expect(refusal(of: Array(yaml.utf8)) == YAMLError(line: 1, reason: "anchors are not taken"))
    }

    @Test func `nesting ends at its limit`() {
        // The list, its object and the value in it are three.
        func nested(_ depth: Int) -> String {
            "- x: " + String(repeating: "[", count: depth - 2) + String(repeating: "]", count: depth - 2)
        }
        #expect(refusal(of: Array(nested(32).utf8)) == nil)
        #expect(refusal(of: Array(nested(33).utf8))?.reason == "values are nested more than 32 deep")
        for hostile in ["[", "{", "- ", "? ", "[{", "{[", "!a [", "&a [", "{a: "] {
            #expect(refusal(of: Array(String(repeating: hostile, count: 200_000).utf8)) != nil)
        }
    }

    @Test func `values end at their limit`() {
        // The list, its object and the inner list are three.
        func wide(_ count: Int) -> [UInt8] {
            Array(("- x: [" + String(repeating: "1,", count: count - 3) + "]").utf8)
        }
        #expect(refusal(of: wide(10_000)) == nil)
        #expect(refusal(of: wide(10_001))?.reason == "there are more than 10000 values")
    }

    @Test func `every beginning of a file, and every byte of it replaced, is read or refused`() {
        let bytes = Array((Self.list + "\n- {a: [b, {c: \"d\\x41\"}], ? e : f}\n- >-\n  folded\n  text\n").utf8)
        var read = 0
        for count in 0...bytes.count where refusal(of: Array(bytes.prefix(count))) == nil { read += 1 }
        #expect(read > 0)
        for index in bytes.indices {
            for byte in Array("\0\t\n\"'#&*[]{}:,-!|>%@`".utf8) + [0x80, 0xc3, 0xff] {
                var changed = bytes
                changed[index] = byte
                _ = refusal(of: changed)
            }
        }
    }
}

/// By way of the setting, as an operator meets it.
@Suite(.timeLimit(.minutes(10)))
struct TemplateSettingTests {
    private let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "templates-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    private func complaints(_ path: String) -> [String] {
        do {
            _ = try Configuration(environment: ["E2B_FCGI_TEMPLATES": path])
            return []
        } catch {
            return error.complaints
        }
    }

    private func file(_ content: String) throws -> String {
        let path = folder.appending(path: "templates.yaml").path(percentEncoded: false)
        try content.write(toFile: path, atomically: false, encoding: .utf8)
        return path
    }

    @Test func `the file's templates are the configuration's`() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        #expect(try Configuration(environment: [:]).templates == [])
        let path = try file("- id: a\n  cpus: 2\n")
        let configuration = try Configuration(environment: ["E2B_FCGI_TEMPLATES": path])
        #expect(configuration.templates == [["id": "a", "cpus": 2]])
    }

    @Test func `a malformed file stops the start, with its line`() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = try file("- id: a\n- text\n")
        #expect(
            complaints(path) == [
                "E2B_FCGI_TEMPLATES, line 2 of \(path): a template must be an object, such as `- id: my-template`."
            ])
    }

    @Test func `a file that cannot be read stops the start`() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.path(percentEncoded: false)
        #expect(
            complaints("\(path)/none") == [
                "E2B_FCGI_TEMPLATES, \(path)/none: it cannot be read (No such file or directory)."
            ])
        #expect(complaints(path) == ["E2B_FCGI_TEMPLATES, \(path): it must be a file."])
        #expect(mkfifo("\(path)/pipe", 0o600) == 0)
        #expect(complaints("\(path)/pipe") == ["E2B_FCGI_TEMPLATES, \(path)/pipe: it must be a file."])
        // Endless, were it not for its kind.
        #expect(complaints("/dev/zero") == ["E2B_FCGI_TEMPLATES, /dev/zero: it must be a file."])
    }

    @Test func `a file is as long as its limit, and no longer`() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let start = "- id: a\n#"
        let padding = String(repeating: "x", count: (1 << 20) - start.utf8.count)
        #expect(try complaints(file(start + padding)) == [])
        let path = try file(start + padding + "x")
        #expect(complaints(path) == ["E2B_FCGI_TEMPLATES, \(path): it has more than 1048576 bytes."])
    }
}
