import E2B

extension ExecutionFailure {
    /// `Name: value` and the traceback, its frames on lines of their own.
    var readable: String {
        let summary = summaryLine
        let frames = readableTraceback
        guard !frames.isEmpty else { return summary }
        return "\(summary)\n\n\(frames)"
    }

    /// The traceback alone.
    package var readableTraceback: String { traceback.withoutTerminalEscapes.separatingFrames }

    /// The value alone, with the words that the interpreter leaves out.
    package var readableValue: String {
        switch name {
        // A shell that ended: no name, the exit code as value.
        case "": "Exit code \(value)"
        case "ContextRestarting":
            "\(value). The process that ran the code died, perhaps for want of memory or by exit."
        default: value
        }
    }

    private var summaryLine: String {
        switch (name, readableValue) {
        case ("", let value): value
        case (let name, ""): name
        case (let name, let value): "\(name): \(value)"
        }
    }
}

extension String {
    /// Jupyter's frames come joined without separators: the rule, the exception's name and the first frame run together.
    fileprivate var separatingFrames: String {
        var text = self[...]
        let rule = text.prefix { $0 == "-" }
        if rule.count > 20 { text = text.dropFirst(rule.count) }
        let marker = "Traceback (most recent call last)"
        guard let end = text.firstRange(of: marker)?.upperBound, end < text.endIndex, text[end] != "\n" else {
            return String(text)
        }
        return "\(text[..<end])\n\(text[end...])"
    }
}
