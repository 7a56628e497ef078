import CodeAPI
import Testing

struct FileNameTests {
    @Test(arguments: [
        ("data.csv", "data.csv"), ("a/b/c.txt", "a/b/c.txt"), ("", "file"), ("/", "file"), ("..", "file"),
        ("./", "file"),
        ("../../etc/passwd", "etc/passwd"), ("/etc/passwd", "etc/passwd"), ("a/../../b", "a/b"), ("a//b/./c", "a/b/c"),
        ("%2e%2e/x", "%2e%2e/x"), ("..%2fx", "..%2fx"), ("...", "..."), ("..a", "..a"), (".bashrc", ".bashrc"),
        ("con", "con"),
        ("a\u{0}b", "a_b"), ("a\nb\r\t", "a_b__"), ("\u{7f}\u{85}", "__"), ("a\u{202e}gpj.exe", "a_gpj.exe"),
        ("..\n", ".._"), ("データ😀.csv", "データ😀.csv"), (" a ", " a "), (#"C:\dir\a"#, #"C:\dir\a"#), ("-rf", "-rf"),
        ("e\u{301}.txt", "e\u{301}.txt"), ("\u{e9}.txt", "\u{e9}.txt"),
    ])
    func `a name becomes one that can be used`(name: String, expected: String) throws {
        let made = try #require(FileName.made(safe: name))
        #expect(Array(made.utf8) == Array(expected.utf8))
        #expect(FileName.isSafe(made))
        // In bytes: to a string, two normal forms are the same.
        #expect(FileName.isSafe(name) == name.utf8.elementsEqual(expected.utf8))
    }

    @Test func `a long name is shortened between characters, and keeps its ending`() throws {
        let made = try #require(FileName.made(safe: "x/" + String(repeating: "デ", count: 100) + ".csv"))
        #expect(made == "x/" + String(repeating: "デ", count: 83) + ".csv")
        #expect(made.utf8.count == 2 + 253)
        #expect(FileName.made(safe: String(repeating: "a", count: 255)) == String(repeating: "a", count: 255))
        #expect(FileName.made(safe: String(repeating: "a", count: 300)) == String(repeating: "a", count: 255))
        #expect(FileName.made(safe: "." + String(repeating: "a", count: 300))?.utf8.count == 255)
    }

    @Test func `a path that is too long is none`() {
        let path = Array(repeating: "abcdefghi", count: 103).joined(separator: "/")
        #expect(FileName.made(safe: path) == nil)
        #expect(!FileName.isSafe(path))
        #expect(FileName.made(safe: String(path.dropLast(10))) != nil)
    }

    @Test func `the last part of a name is its own`() {
        #expect(FileName.lastPart("a/b.csv") == "b.csv")
        #expect(FileName.lastPart("b.csv") == "b.csv")
    }
}
