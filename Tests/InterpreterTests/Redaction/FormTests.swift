import Interpreter
import Foundation
import TestSupport
import Testing

/// What programs that are not ours make of a value, none of them to hide it.
@Suite(.timeLimit(.minutes(10)))
struct FormTests {
    /// A value and its forms by name.
    struct Written: Decodable, Sendable {
        let value: String
        let forms: [String: String]
    }

    static let values = [
        "s3cret/ü ?value", "hunter2hunter2", "p&ss<w>rd=1/2+3;", "pass wörd 🦊 x", "Pa$$w0rd!#{x}", "naïve café résumé",
        "postgres://user:pa%20ss@host/db?x=1&y=2", "Ünïcödé-Wört", "🦊🦊🦊", "ghp_abcdefGHIJKL0123456789+/=",
        "abc  def  ghi",
        "%41%42secret", "ключ-секрет-12", "日本語パスワード", "tok~en^`|en", "eyJhbGciOi.J9-_x", "zażółć gęślą", "[x](y)*z*_w_",
        // What no hidden variable may have, and anything else that is given to the redactor.
        "it's \"so\" $x`y\\z", "line\nbreak\ttab",
        long,
    ]

    private static let long: String = {
        var random = Generator(state: 2)
        let letters = Array("abcdefghijklmnopqrstuvwxyz0123456789".utf8)
        return String(decoding: (0..<1800).map { _ in letters.randomElement(using: &random) ?? 0 }, as: UTF8.self)
    }()

    static let written = Task {
        let folder = FileManager.default.temporaryDirectory.appending(path: "forms-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let script = Binaries.repository.appending(path: "Tests/InterpreterTests/Redaction/forms.py").path
        let program = try await ChildProcess(
            Binaries.system("python3"), ["-B", script], in: folder, input: JSONEncoder().encode(values))
        let exit = await program.ended()
        guard exit == .status(0) else { throw HarnessError.ended(program: "forms.py", exit: exit, log: program.log) }
        return try JSONDecoder().decode([Written].self, from: program.output)
    }

    /// Whether a program has left something out of the value itself: node of a long buffer, URLs of line breaks, and `env` gave
    /// only the first line of it.
    private static func isCut(_ form: String, of value: String) -> Bool {
        if form == "buffer" { return value.utf8.count > 50 }
        return value.contains("\n") && (form.hasSuffix("of a URL") || form.hasPrefix("env"))
    }

    @Test(arguments: values) func `a value is found in every form in which programs write it`(value: String)
        async throws
    {
        let written = try #require(await Self.written.value.first { $0.value == value })
        #expect(written.forms.count > 60)
        let secrets = SecretRedactor(["KEY": value])
        for (name, form) in written.forms.sorted(by: { $0.key < $1.key }) where !Self.isCut(name, of: value) {
            let redacted = secrets.redacted("<\(form)>")
            #expect(redacted.contains("[hidden:KEY]"), "\(name): \(form)")
            // Nothing of the form is left, but for what stands around the value in it.
            let left = redacted.replacing("[hidden:KEY]", with: "\u{0}")
            let rest = left.split(separator: "\u{0}").map(String.init)
            for piece in rest where piece.utf8.count >= 8 {
                #expect(!value.contains(piece) || value == piece, "\(name): \(redacted)")
            }
        }
    }

    @Test func `a value is found in its forms among those of nineteen others, by its own name`() async throws {
        let values = Dictionary(uniqueKeysWithValues: Self.values.enumerated().map { ("V\($0)", $1) })
        let secrets = SecretRedactor(values)
        for (number, value) in Self.values.enumerated() {
            let written = try #require(await Self.written.value.first { $0.value == value })
            for (name, form) in written.forms where !Self.isCut(name, of: value) {
                #expect(secrets.redacted(form).contains("[hidden:V\(number)]"), "\(name): \(form)")
            }
        }
    }
}
