import E2B

/// Renders an execution as one Markdown text with the sections of `POST /execute`, within a limit for the whole text.
package struct ExecutionMarkdown: Sendable {
    private let record: ExecutionRecord
    /// The code as the request has it, and the info string of its fence. nil if the text does not repeat the code.
    private let code: String?
    private let language: String
    /// The limit of the whole text in Unicode scalars.
    private let limit: Int
    private let secrets: SecretRedactor

    /// - Parameters:
    ///   - limit: the limit of the whole text in Unicode scalars.
    ///   - secrets: the values to redact.
    package init(
        _ record: ExecutionRecord, code: String? = nil, language: String = "", limit: Int,
        without secrets: SecretRedactor = .none
    ) {
        self.record = record
        self.code = code
        self.language = language
        self.limit = limit
        self.secrets = secrets
    }

    /// Renders the whole text.
    package func rendered() -> String {
        var sections: [Section] = []
        if !record.stdout.isEmpty { sections.append(Section("Console Output", cleaned(record.stdout), isFenced: true)) }
        if !record.stderr.isEmpty { sections.append(Section("Errors", cleaned(record.stderr), isFenced: true)) }
        sections += resultSections
        if let error { sections.append(Section("Execution Error", cleaned(error), isFenced: true)) }
        if !record.imageNotes.isEmpty {
            sections.append(Section("Images", cleaned(record.imageNotes.joined(separator: "\n")), isFenced: false))
        }
        // The caller wrote the code, so it is shown as it came, with its escape sequences.
        if let code { sections.append(Section("Executed Code", CutText(code), isFenced: true, language: language)) }
        let room = max(limit - sections.count * Section.frame, 0)
        let budgets = shares(of: room, among: sections.map(\.content.count))
        return zip(sections, budgets).map { $0.rendered(budget: $1) }.joined(separator: "\n\n")
    }

    /// The exception, and the reason why the code was stopped.
    private var error: String? {
        let parts = [
            record.failure?.readable { $0.shortened(to: limit, without: secrets) }, record.stop?.sentence,
        ].compactMap(\.self)
        return parts.isEmpty ? nil : parts.paragraphs
    }

    private var resultSections: [Section] {
        // An object can be displayed as an empty text.
        let displays = record.displays.map { (text: cleaned($0.text), isMarkdown: $0.isMarkdown) }
            .filter { $0.text.count > 0 }
        var sections = displays.enumerated().map { index, display in
            Section(index == 0 ? "Results" : nil, display.text, isFenced: !display.isMarkdown)
        }
        if record.displaysLeftOut > 0 {
            sections.append(
                Section(nil, CutText("[… \(record.displaysLeftOut) more results left out …]"), isFenced: false))
        }
        if !record.notes.isEmpty {
            let notes = cleaned(record.notes.joined(separator: "\n"))
            sections.append(Section(sections.isEmpty ? "Results" : nil, notes, isFenced: false))
        }
        return sections
    }

    private func cleaned(_ output: CapturedOutput) -> CutText { output.cleaned(secrets) }

    private func cleaned(_ text: String) -> CutText {
        CutText(secrets.redacted(text.withoutTerminalEscapes))
    }
}

/// A part of the text, with or without a title.
private struct Section {
    private let title: String?
    let content: CutText
    private let isFenced: Bool
    private let language: String

    /// The Unicode scalars of a title, two fences and a blank line in nearly all cases.
    static let frame = 48

    init(_ title: String?, _ content: CutText, isFenced: Bool, language: String = "") {
        self.title = title
        self.content = content
        self.isFenced = isFenced
        self.language = language
    }

    func rendered(budget: Int) -> String {
        let body = content.rendered(budget: budget)
        let block = isFenced ? fenced(body, language: language) : body + body.missingFence
        return title.map { "**\($0):**\n\(block)" } ?? block
    }
}

/// Divides `limit` among parts of the given sizes: small parts get their whole size, and large ones share the rest
/// evenly.
func shares(of limit: Int, among sizes: [Int]) -> [Int] {
    var shares = sizes
    var left = limit
    for (rank, index) in sizes.indices.sorted(by: { sizes[$0] < sizes[$1] }).enumerated() {
        shares[index] = min(sizes[index], left / (sizes.count - rank))
        left -= shares[index]
    }
    return shares
}
