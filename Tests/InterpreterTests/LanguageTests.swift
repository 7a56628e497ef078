import Foundation
import TestSupport
import Testing

@testable import Interpreter

/// The code interpreter writes variables between quotes into the code that it runs. What comes out is asked of the languages
/// themselves.
@Suite(.timeLimit(.minutes(10)))
struct LanguageTests {
    static let values = [
        "", "plain", "it's", #"say "hi""#, #"a\b"#, #"\"#, #"\\'"#, #"\n"#, "two\nlines", "cr\r\n", "\r", "it'\u{301}s",
        "\\\u{301}", "\"\u{20dd}", "\n\u{301}", "tab\t", "$HOME",
        "`id`", "$(id)", "${x}", "'; id; '", #"\'; id; '"#, "%s %d", "#{x}", "üñï 🦊", "'''", #"""""#, "\u{2028}",
    ]

    @Test(arguments: values) func `Python reads back what was sent`(value: String) async throws {
        for quote in ["'", "\""] {
            let literal = quote + Language.python.escaped(variable: value) + quote
            #expect(
                try await run("python3", ["-c", "import sys; sys.stdout.buffer.write((\(literal)).encode())"]) == value)
        }
    }

    @Test(arguments: values) func `Bash reads back what was sent`(value: String) async throws {
        #expect(try await run("bash", ["-c", "printf %s '\(Language.bash.escaped(variable: value))'"]) == value)
    }

    /// As in Python, which has the same escapes for what is escaped here; so has JSON, but for the quote.
    @Test(arguments: Language.allCases.filter { $0 != .bash }, values)
    func `no quote and no line end is left bare`(language: Language, value: String) throws {
        let escaped = language.escaped(variable: value)
        var isEscaped = false
        for byte in escaped.utf8 {
            if !isEscaped { #expect(!"'\"\n\r".utf8.contains(byte)) }
            isEscaped = !isEscaped && byte == UInt8(ascii: "\\")
        }
        #expect(!isEscaped)
        #expect(escaped == Language.python.escaped(variable: value))
    }

    private func run(_ program: String, _ arguments: [String]) async throws -> String {
        let folder = FileManager.default.temporaryDirectory.appending(path: "language-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let process = try await ChildProcess(Binaries.system(program), arguments, in: folder)
        let exit = await process.ended()
        #expect(exit == .status(0), "\(process.log)")
        return process.outputText
    }
}
