import E2B
import Interpreter
import LibreChat

/// Gathers what an execution printed, displayed and threw, part by part, for an action's answer.
struct ExecutionParts: ExecutionRecord {
    /// An object that was displayed, in the one of its forms that a model reads best.
    struct Display {
        let type: String
        let text: CapturedOutput
    }

    private let limit: Int
    private(set) var stdout: CapturedOutput
    private(set) var stderr: CapturedOutput
    /// The main result's text.
    private(set) var output: CapturedOutput
    private(set) var results: [Display] = []
    private(set) var failure: ExecutionFailure?
    private var notes: [String] = []
    private var resultsLeftOut = 0

    /// - Parameter limit: bytes of each part.
    init(limit: Int) {
        self.limit = limit
        stdout = CapturedOutput(limit: limit)
        stderr = CapturedOutput(limit: limit)
        output = CapturedOutput(limit: limit)
    }

    mutating func printed(_ text: String) { stdout.append(text) }
    mutating func printedError(_ text: String) { stderr.append(text) }

    mutating func displayed(_ result: ExecutionResult) {
        if result.isMainResult, let text = result.text, output.isEmpty { output.append(text) }
        guard let (type, text) = result.form else { return }
        guard results.count < Self.resultLimit else {
            resultsLeftOut += 1
            return
        }
        var captured = CapturedOutput(limit: limit)
        captured.append(text)
        results.append(Display(type: type, text: captured))
    }

    /// The first one counts: what follows it is its echo.
    mutating func failed(_ failure: ExecutionFailure) {
        if self.failure == nil { self.failure = failure }
    }

    mutating func stopped(_ sentence: String) {
        failed(ExecutionFailure(name: "Stopped", value: sentence, traceback: ""))
    }

    var heldCount: Int {
        stdout.heldCount + stderr.heldCount + output.heldCount + results.reduce(0) { $0 + $1.text.heldCount }
    }

    mutating func noted(image line: String) { notes.append(line) }

    /// E2B failed before the code's end.
    mutating func broke(_ error: E2BError) {
        failed(ExecutionFailure(name: "SandboxError", value: "\(error)", traceback: ""))
    }

    /// What was thrown, its texts as long as they are.
    var thrown: (value: CapturedOutput, traceback: CapturedOutput)? {
        guard let failure else { return nil }
        var (value, traceback) = (CapturedOutput(limit: limit), CapturedOutput(limit: limit))
        value.append(failure.readableValue)
        traceback.append(failure.readableTraceback)
        return (value, traceback)
    }

    /// What there is to say besides: of images, and of objects that were displayed and are not in ``results``.
    var remarks: [String] {
        resultsLeftOut == 0 ? notes : notes + ["\(resultsLeftOut) more results left out."]
    }

    private static let resultLimit = 20
}

extension ExecutionResult {
    fileprivate var form: (type: String, text: String)? {
        if let markdown { return ("markdown", markdown) }
        if let text { return ("text", text) }
        if let json { return ("json", json) }
        if let latex { return ("latex", latex) }
        if let html { return ("html", html) }
        return nil
    }
}
