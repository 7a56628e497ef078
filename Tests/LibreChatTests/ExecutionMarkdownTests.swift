import E2B
import ImageGate
import JSON
import Interpreter
import LibreChat
import Testing

struct ExecutionMarkdownTests {
    /// A record, and the text that is made of it.
    struct Report {
        var record: ExecutionRecord
        let code: String
        let limit: Int
        let secrets: SecretRedactor

        func rendered() -> String {
            ExecutionMarkdown(record, code: code, language: "python", limit: limit, without: secrets).rendered()
        }
    }

    private func report(_ code: String = "x", limit: Int = 100_000, secrets: [String: String] = [:]) -> Report {
        let secrets = SecretRedactor(secrets)
        return Report(
            record: ExecutionRecord(keeping: .ends(scalars: limit), without: secrets), code: code, limit: limit,
            secrets: secrets)
    }

    private let code = "\n\n**Executed Code:**\n```python\nx\n```"

    @Test func `hello world reads exactly as specified`() {
        var report = report("print('Hello, World!')")
        report.record.printed("Hello, World!\n")
        #expect(
            report.rendered()
                == "**Console Output:**\n```\nHello, World!\n```\n\n**Executed Code:**\n```python\nprint('Hello, World!')\n```"
        )
    }

    @Test func `sections come in their order, each only when it has something to say`() {
        var report = report()
        report.record.drew([], notes: ["Image 1: rejected, the PNG ends early"])
        report.record.failed(ExecutionFailure(name: "ValueError", value: "no", traceback: ""))
        report.record.displayed(ExecutionResult(text: "42", isMainResult: true))
        report.record.printedError("careful\n")
        report.record.printed("a")
        report.record.printed("b\n")
        #expect(
            report.rendered() == """
                **Console Output:**
                ```
                ab
                ```

                **Errors:**
                ```
                careful
                ```

                **Results:**
                ```
                42
                ```

                **Execution Error:**
                ```
                ValueError: no
                ```

                **Images:**
                Image 1: rejected, the PNG ends early

                **Executed Code:**
                ```python
                x
                ```
                """)
    }

    @Test func `Markdown stands unfenced, and other forms only without a text`() {
        var report = report()
        var markdown = ExecutionResult(text: "<IPython.core.display.Markdown object>")
        markdown.markdown = "# Title"
        report.record.displayed(markdown)
        var html = ExecutionResult(text: "a table")
        html.html = "<table>"
        report.record.displayed(html)
        var latex = ExecutionResult()
        latex.latex = "$x$"
        latex.html = "<math>"
        report.record.displayed(latex)
        #expect(report.rendered() == "**Results:**\n# Title\n\n```\na table\n$x$\n```" + code)
    }

    @Test func `a fence is longer than any run of backticks inside`() {
        var report = report("x")
        report.record.printed("a ````` b\n")
        #expect(report.rendered() == "**Console Output:**\n``````\na ````` b\n``````" + code)
    }

    @Test func `terminal escapes and NUL are removed`() {
        var report = report()
        report.record.printed("\u{1b}[31mred\u{1b}[0m \u{1b}]0;title\u{7}a\u{0}b \u{1b}(Bc \u{1b}é \u{1b}[")
        #expect(report.rendered() == "**Console Output:**\n```\nred ab c é \n```" + code)
    }

    @Test func `frames of a traceback stand on lines of their own`() {
        var report = report()
        let rule = String(repeating: "-", count: 75)
        report.record.failed(
            ExecutionFailure(
                name: "ZeroDivisionError", value: "division by zero",
                traceback: rule
                    + "ZeroDivisionError  Traceback (most recent call last)Cell In[1], line 1\n----> 1 1/0\n"
                    + "ZeroDivisionError: division by zero"))
        #expect(
            report.rendered() == """
                **Execution Error:**
                ```
                ZeroDivisionError: division by zero

                ZeroDivisionError  Traceback (most recent call last)
                Cell In[1], line 1
                ----> 1 1/0
                ZeroDivisionError: division by zero
                ```
                """ + code)
    }

    @Test func `a shell's exit code is told in words, and the first of two errors counts`() {
        var report = report()
        report.record.failed(ExecutionFailure(name: "", value: "2", traceback: ""))
        report.record.failed(ExecutionFailure(name: "UnexpectedEndOfExecution", value: "", traceback: ""))
        #expect(report.rendered() == "**Execution Error:**\n```\nExit code 2\n```" + code)
    }

    @Test(arguments: [999, 1000, 1001, 5000, 1_000_000])
    func `the whole text stays within its limit, and a cut says how much is missing`(count: Int) {
        var report = report(limit: 2000)
        let line = "é".padding(100)
        for _ in 0..<count / 100 { report.record.printed(line) }
        report.record.printed(String(repeating: "é", count: count % 100))
        report.record.printedError("kept whole")
        let text = report.rendered()
        #expect(text.unicodeScalars.count <= 2000)
        #expect(text.contains("kept whole"))
        let match = text.firstMatch(of: /\[… (\d+) characters left out …\]/)
        if count <= 1001 {
            #expect(match == nil)
        } else {
            let missing = match.flatMap { Int($0.1) }
            #expect(missing.map { $0 + text.count { $0 == "é" } } == count)
        }
    }

    @Test func `code that is itself too long is cut as well`() {
        let text = report(String(repeating: "y", count: 50_000), limit: 2000).rendered()
        #expect(text.unicodeScalars.count <= 2000)
        #expect(text.hasPrefix("**Executed Code:**\n```python\nyyy"))
    }

    @Test func `hidden values are masked, also across chunks and at a cut`() {
        var report = report(limit: 1000, secrets: ["TOKEN": "s3cret-value", "SHORT": "abc"])
        report.record.printed("it is s3cr")
        report.record.printed("et-value and abc\n")
        report.record.failed(ExecutionFailure(name: "E", value: "s3cret-value", traceback: "in s3cret-\u{1b}[0mvalue"))
        for _ in 0..<1000 { report.record.printedError("s3cret-value") }
        let text = report.rendered()
        #expect(text.contains("it is [hidden:TOKEN] and abc"))
        #expect(text.contains("E: [hidden:TOKEN]\n\nin [hidden:TOKEN]"))
        #expect(!text.contains("s3cret"))
    }

    @Test(.timeLimit(.minutes(10))) func `megabytes of a failure and of results are cut before anything looks at them`()
    {
        var report = report(limit: 2000, secrets: ["TOKEN": "s3cret-value"])
        // Letters that are slow to compare as characters.
        let long = String(repeating: "e\u{301}🦊x", count: 1_000_000)
        report.record.failed(ExecutionFailure(name: long, value: "value \(long)", traceback: "---- \(long) end"))
        for _ in 0..<3 { report.record.displayed(ExecutionResult(text: "result \(long)")) }
        let text = report.rendered()
        #expect(text.unicodeScalars.count <= 2000)
        #expect(text.contains("characters left out"))
    }

    @Test(arguments: [0, 1, 2]) func `a hidden value where a part of a failure is cut is masked`(part: Int) {
        let secret = "s3cret-value"
        for place in stride(from: 800, to: 1020, by: 3) {
            let long = String(repeating: "x", count: place) + secret + String(repeating: "y", count: 5000)
            for text in [long, String(long.reversed()).replacing(String(secret.reversed()), with: secret)] {
                var report = report(limit: 2000, secrets: ["TOKEN": secret])
                report.record.failed(
                    ExecutionFailure(
                        name: part == 0 ? text : "E", value: part == 1 ? text : "v", traceback: part == 2 ? text : ""))
                let shown = report.rendered()
                #expect(!shown.contains("s3c") && !shown.contains("alue"), "\(place): \(shown)")
            }
        }
    }

    @Test func `half of a hidden value at the end of what is kept is not shown, though escapes made room for it`() {
        for escapes in [0, 3000, 9000] {
            var report = report(limit: 1000, secrets: ["TOKEN": "s3cret-value"])
            report.record.printed(String(repeating: "\u{1b}[0m", count: escapes / 4))
            for _ in 0..<3000 { report.record.printed("s3cret-value") }
            #expect(!report.rendered().replacing("[hidden:TOKEN]", with: "").contains("s3c"))
            #expect(!report.rendered().replacing("[hidden:TOKEN]", with: "").contains("lue"))
        }
    }

    @Test func `what is put together by cutting and cleaning is masked in what is sent`() {
        let content = ToolContent(
            text: "s3cret\u{0}-value".withoutTerminalEscapes,
            images: [
                AdmittedImage(
                    bytes: Array("<svg><text>s3cret-value</text></svg>".utf8), type: .svg, width: 1, height: 1,
                    originalWidth: 1, originalHeight: 1, treatment: .passed)
            ])
        let secrets = SecretRedactor(["TOKEN": "s3cret-value"])
        let json = String(decoding: content.encoded(without: secrets), as: UTF8.self)
        var svg: [UInt8] = []
        svg.append(base64: Array("<svg><text>[hidden:TOKEN]</text></svg>".utf8))
        #expect(json.contains("[hidden:TOKEN]") && !json.contains("s3cret"))
        #expect(json.contains(String(decoding: svg, as: UTF8.self)))
    }

    @Test func `a value that contains another is masked whole`() {
        let secrets = SecretRedactor(["A": "abcdef", "B": "abcdefgh"])
        #expect(secrets.redacted("abcdefgh abcdef") == "[hidden:B] [hidden:A]")
    }

    @Test(arguments: [
        "a/b c+d=", "a%2Fb%20c%2Bd%3D", "a/b%20c%2Bd%3D", "a%2Fb+c%2Bd%3D",
    ])
    func `a value is masked as URLs write it, too`(form: String) {
        let secrets = SecretRedactor(["KEY": "a/b c+d="])
        #expect(secrets.redacted("https://h/?key=\(form)&x") == "https://h/?key=[hidden:KEY]&x")
    }

    @Test(arguments: ["pass wörd 🦆", #"pass w\u00f6rd \ud83e\udd86"#, "pass%20w%C3%B6rd%20%F0%9F%A6%86"])
    func `a value beyond ASCII is masked as JSON writes it, too`(form: String) {
        let secrets = SecretRedactor(["KEY": "pass wörd 🦆"])
        #expect(secrets.redacted(#"{"key":"\#(form)"}"#) == #"{"key":"[hidden:KEY]"}"#)
    }

    @Test func `results without end leave the rest of the answer whole`() {
        var report = report(limit: 2000)
        for _ in 0..<200 {
            report.record.displayed(ExecutionResult(text: "v"))
            var markdown = ExecutionResult()
            markdown.markdown = "*m*"
            report.record.displayed(markdown)
        }
        let text = report.rendered()
        #expect(text.contains("more results left out"))
        #expect(text.hasSuffix(code))
        #expect(text.unicodeScalars.count <= 2000)
    }
}

extension String {
    fileprivate func padding(_ count: Int) -> String { String(repeating: self, count: count) }
}
