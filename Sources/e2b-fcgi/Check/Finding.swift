/// What a check has found, as one line of its report.
struct Finding: Sendable {
    enum Verdict: String, Sendable {
        case ok
        /// The service works, and the operator should know something.
        case warning
        case failed = "FAILED"
        /// It was not looked at, for a reason that is no mistake.
        case skipped
    }

    let verdict: Verdict
    /// What was looked at.
    let subject: String
    /// What was found, and what to do about it.
    let sentence: String

    static func ok(_ subject: String, _ sentence: String) -> Finding { Finding(.ok, subject, sentence) }
    static func warning(_ subject: String, _ sentence: String) -> Finding { Finding(.warning, subject, sentence) }
    static func failed(_ subject: String, _ sentence: String) -> Finding { Finding(.failed, subject, sentence) }
    static func skipped(_ subject: String, _ sentence: String) -> Finding { Finding(.skipped, subject, sentence) }

    /// Runs a check that finds one thing. What it throws is the finding of one that failed.
    static func about(_ subject: String, _ check: () async throws -> Finding) async -> Finding {
        do {
            return try await check()
        } catch {
            return .failed(subject, "\(error)")
        }
    }

    private init(_ verdict: Verdict, _ subject: String, _ sentence: String) {
        self.verdict = verdict
        self.subject = subject
        self.sentence = sentence
    }

    /// The finding as one line, however many lines its sentence has.
    var line: String {
        let name = verdict.rawValue
        let padding = String(repeating: " ", count: max(1, 9 - name.count))
        let words = sentence.split(whereSeparator: \.isNewline).joined(separator: " ")
        let shown = words.count <= Self.limit ? words : words.prefix(Self.limit) + "…"
        return "\(name)\(padding)\(subject): \(shown)"
    }

    /// Characters of a sentence. A web server's error page may be long.
    private static let limit = 600
}
