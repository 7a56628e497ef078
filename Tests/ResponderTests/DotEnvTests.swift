import Responder
import Testing

/// The table of what a `.env` file may say; `nginx/run.sh` reads it by the same code.
struct DotEnvTests {
    @Test func `reads plain, quoted and exported values, and skips comments`() throws {
        let file = try DotEnv(
            """
            # a comment
            A=1
              export B = two words   # why
            C="with # and 'quotes'"
            D='single' # comment
            E=
            F=a#b
            """)
        #expect(
            file.variables == [
                "A": "1", "B": "two words", "C": "with # and 'quotes'", "D": "single", "E": "", "F": "a#b",
            ])
    }

    @Test(arguments: [
        ("A=1", "1"), ("A = 1", "1"), ("A\t=\t1\t", "1"), ("  A=1  ", "1"), ("export A=1", "1"), ("export\tA=1", "1"),
        ("export  A = '1'", "1"), ("A='x' # it's", "x"), ("A=\"x\" # say \"it\"", "x"), ("A='x'", "x"),
        ("A=\"it's\"", "it's"), ("A='say \"it\"'", "say \"it\""), ("A=' x '", " x "), ("A='a # b'", "a # b"),
        ("A=''", ""), ("A=", ""), ("A= ", ""), ("A= # nothing", ""), ("A=#x", "#x"), ("A=a#b", "a#b"), ("A=a #b", "a"),
        ("A=a\t# b", "a"), ("A=a b", "a b"), ("A=it's", "it's"), ("A=a=b==", "a=b=="), ("A=\"a\\n\"", "a\\n"),
        ("A='\\'", "\\"), ("A=$HOME", "$HOME"), ("A=ü\u{301} 日本", "ü\u{301} 日本"), ("A=\u{301}x", "\u{301}x"),
        ("A='\u{301}x'", "\u{301}x"), ("A=a\tb", "a\tb"), ("A=1\nA=2", "2"), ("A=1\nA=", ""), ("# b\nA=1", "1"),
        ("A=1\n\n   \n#\n", "1"), ("\u{feff}A=1", "1"), ("\u{feff}# b\nA=1", "1"), ("export=1\nA=1", "1"),
    ])
    func `a value is what stands there, whatever ends the lines`(text: String, value: String) throws {
        #expect(try DotEnv(text).variables["A"] == value)
        #expect(try DotEnv(text + "\n").variables["A"] == value)
        #expect(try DotEnv(text.replacing("\n", with: "\r\n") + "\r\n").variables["A"] == value)
    }

    @Test func `lines of another system are lines`() throws {
        let comment = try DotEnv("# keys\r\nA=1\r\nB='2' # two\r\n")
        #expect(comment.variables == ["A": "1", "B": "2"])
        let mixed = try DotEnv("A=1\r\n\r\nB=2\nC=3")
        #expect(mixed.variables == ["A": "1", "B": "2", "C": "3"])
    }

    @Test(arguments: ["", "\n", "\u{feff}", "\r\n", "# only this"]) func `a file may say nothing`(text: String) throws {
        #expect(try DotEnv(text).variables.isEmpty)
    }

    @Test(arguments: [
        "novalue", "1A=x", "A=\"open", "A='x' y", "a b=c", "=x", "A-B=x", "export", "export A", "A='x'#y", "A='x'y",
        "A=\"a\"b\"", "A='", "é=x", "A\u{a0}=x", "Ａ=x",
    ])
    func `a line of another form is named by its number, not by its words`(line: String) {
        #expect(complaints("GOOD=1\n\(line)\n") == ["line 2 of the .env file: it must be NAME=value."])
    }

    @Test(arguments: [
        "A=a\u{0}b", "A=\u{1b}[31m", "A='a\u{7}'", "A=\u{7f}", "A=a\rB=2", "# a comment\rB=2", "A=\u{85}", "A=a\u{c}",
        "A=1\r\r", "A=a\u{2028}B=2",
    ])
    func `control characters are refused, in comments as well`(line: String) {
        #expect(complaints("GOOD=1\r\n\(line)\n") == ["line 2 of the .env file: it has a control character."])
    }

    @Test func `what is not UTF-8 is named by its line`() {
        let latin: [UInt8] = Array("A=1\nB=".utf8) + [0xfc] + Array("\nC=3\n".utf8)
        #expect(complaints(latin) == ["line 2 of the .env file: it is not UTF-8."])
        let wide = Array("A=1\n".utf16).flatMap { [UInt8($0 & 0xff), UInt8($0 >> 8)] }
        #expect(complaints([0xff, 0xfe] + wide).first == "line 1 of the .env file: it is not UTF-8.")
    }

    private func complaints(_ text: String) -> [String] { complaints(Array(text.utf8)) }

    private func complaints(_ bytes: [UInt8]) -> [String] {
        do {
            _ = try DotEnv(utf8: bytes)
            return []
        } catch {
            return error.complaints
        }
    }
}
