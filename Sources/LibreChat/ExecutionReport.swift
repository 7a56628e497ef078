package import E2B
import Interpreter
package import Redaction

/// Gathers what an execution printed, displayed and threw, and tells it as one Markdown text.
///
/// Every part is bounded while it is gathered; the text as a whole is cut to its limit when it is rendered.
package struct ExecutionReport: ExecutionRecord, Sendable {
    /// The code as it came, and the tag of its fence.
    private let code: String
    private let language: String
    /// Scalars of the whole text.
    private let textLimit: Int
    private let hidden: SecretRedactor

    /// Bounded by the text of an answer.
    package let heldCount = 0

    private var stdout: BoundedText
    private var stderr: BoundedText
    private var results: [Display] = []
    private var resultsLeftOut = 0
    private var failure: String?
    private var imageNotes: [String] = []

    /// Displayed objects that stand together: plain ones in one fence, Markdown in the open.
    private struct Display {
        let isMarkdown: Bool
        var text: BoundedText
    }

    /// - Parameters:
    ///   - textLimit: Unicode scalars of the whole text.
    ///   - hidden: values that must not appear in it.
    package init(code: String, language: String, textLimit: Int, hidden: SecretRedactor = .none) {
        self.code = code
        self.language = language
        self.textLimit = textLimit
        self.hidden = hidden
        let kept = textLimit + hidden.longest
        stdout = BoundedText(limit: kept)
        stderr = BoundedText(limit: kept)
    }

    package mutating func printed(_ text: String) { stdout.append(text) }
    package mutating func printedError(_ text: String) { stderr.append(text) }

    /// A result that carries no image.
    package mutating func displayed(_ result: ExecutionResult) {
        if let markdown = result.markdown {
            display(markdown, isMarkdown: true)
        } else if let form = result.text ?? result.json ?? result.latex ?? result.html {
            display(form, isMarkdown: false)
        }
    }

    private mutating func display(_ text: String, isMarkdown: Bool) {
        if let last = results.indices.last, results[last].isMarkdown == isMarkdown {
            results[last].text.append(isMarkdown ? "\n\n" : "\n")
            results[last].text.append(text)
        } else if results.count < Self.displayLimit {
            var display = Display(isMarkdown: isMarkdown, text: BoundedText(limit: textLimit + hidden.longest))
            display.text.append(text)
            results.append(display)
        } else {
            resultsLeftOut += 1
        }
    }

    /// An exception in the code. The first one counts: what follows it is its echo.
    package mutating func failed(_ failure: ExecutionFailure) {
        if self.failure == nil { self.failure = failure.readable { $0.shortened(to: textLimit, without: hidden) } }
    }

    /// The code did not come to its end for another reason than an exception of its own.
    package mutating func stopped(_ sentence: String) {
        failure = failure.map { "\($0)\n\n\(sentence)" } ?? sentence
    }

    /// One line about an image that is not shown as it was made.
    package mutating func noted(image line: String) { imageNotes.append(line) }

    /// The whole text, in the order of the sections of `POST /execute`.
    package func rendered() -> String {
        var sections: [Section] = []
        if !stdout.isEmpty { sections.append(Section("Console Output", cleaned(stdout), isFenced: true)) }
        if !stderr.isEmpty { sections.append(Section("Errors", cleaned(stderr), isFenced: true)) }
        sections += resultSections
        if let failure { sections.append(Section("Execution Error", cleaned(failure), isFenced: true)) }
        if !imageNotes.isEmpty {
            sections.append(Section("Images", cleaned(imageNotes.joined(separator: "\n")), isFenced: false))
        }
        // The caller's own words: nothing is taken out of them.
        sections.append(Section("Executed Code", CutText(code), isFenced: true, language: language))
        let room = max(textLimit - sections.count * Section.frame, 0)
        let budgets = shares(of: room, among: sections.map(\.content.count))
        return zip(sections, budgets).map { $0.rendered(budget: $1) }.joined(separator: "\n\n")
    }

    private var resultSections: [Section] {
        var sections = results.enumerated().map { index, display in
            Section(index == 0 ? "Results" : nil, cleaned(display.text), isFenced: !display.isMarkdown)
        }
        if resultsLeftOut > 0 {
            sections.append(Section(nil, CutText("[… \(resultsLeftOut) more results left out …]"), isFenced: false))
        }
        return sections
    }

    private func cleaned(_ text: BoundedText) -> CutText {
        text.cleaned(hidden)
    }

    private func cleaned(_ text: String) -> CutText {
        CutText(hidden.masked(in: text.withoutTerminalEscapes))
    }

    /// Changes between plain text and Markdown in one answer.
    private static let displayLimit = 20
}

/// A titled part of the text.
private struct Section {
    private let title: String?
    let content: CutText
    private let isFenced: Bool
    private let language: String

    /// Scalars of title, fences and blank line, in all but the strangest cases.
    static let frame = 48

    init(_ title: String?, _ content: CutText, isFenced: Bool, language: String = "") {
        self.title = title
        self.content = content
        self.isFenced = isFenced
        self.language = language
    }

    func rendered(budget: Int) -> String {
        let body = content.rendered(budget: budget)
        let block = isFenced ? fenced(body, language: language) : body
        return title.map { "**\($0):**\n\(block)" } ?? block
    }
}

/// Divides `limit` so that what is small stays whole and what is large shares the rest evenly.
func shares(of limit: Int, among sizes: [Int]) -> [Int] {
    var shares = sizes
    var left = limit
    for (rank, index) in sizes.indices.sorted(by: { sizes[$0] < sizes[$1] }).enumerated() {
        shares[index] = min(sizes[index], left / (sizes.count - rank))
        left -= shares[index]
    }
    return shares
}
