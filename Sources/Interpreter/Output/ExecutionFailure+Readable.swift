package import E2B

extension ExecutionFailure {
    /// Returns `Name: value` and the traceback, with each of its frames on lines of its own.
    ///
    /// - Parameter shortened: shortens each of the texts first, because a text may have megabytes.
    package func readable(_ shortened: (String) -> String) -> String {
        let summary =
            switch (shortened(name), shortened(readableValue)) {
            case ("", let value): value
            case (let name, ""): name
            case (let name, let value): "\(name): \(value)"
            }
        let frames = shortened(traceback).separatingFrames
        return frames.isEmpty ? summary : "\(summary)\n\n\(frames)"
    }

    /// The whole traceback, without the name and the value.
    package var readableTraceback: String { traceback.withoutTerminalEscapes.separatingFrames }

    /// The value, with an explanation if the interpreter gives only a number.
    package var readableValue: String {
        switch name {
        // The failure of a shell has no name, and its value is the exit code.
        case "": "Exit code \(value)"
        case "ContextRestarting":
            "\(value). The process that ran the code died, perhaps for want of memory or by exit."
        case "RuntimeError" where value.hasPrefix("asyncio.run() cannot be called from a running event loop"):
            "\(value). Write `await main()` at the top level in its place."
        default: value
        }
    }
}

extension String {
    /// Jupyter joins the frames without separators: the rule, each exception's name and its first frame stand on one
    /// line.
    fileprivate var separatingFrames: String {
        var text = self
        return text.withUTF8 { String(decoding: TracebackLines(of: $0).separated(), as: UTF8.self) }
    }
}

/// Writes each part of a traceback on a line of its own. It reads each byte once, and a few bytes near a mark several
/// times.
private struct TracebackLines {
    private let text: UnsafeBufferPointer<UInt8>
    private var lines: [UInt8] = []
    /// The start of the text that was read and not copied yet.
    private var start = 0

    init(of text: UnsafeBufferPointer<UInt8>) { self.text = text }

    consuming func separated() -> [UInt8] {
        var at = 0
        while at < text.count {
            switch text[at] {
            case UInt8(ascii: "-"): at = readRule(at)
            case UInt8(ascii: "T"): at = readHead(at)
            case UInt8(ascii: "D"):
                at = readLink(at, "During handling of the above exception, another exception occurred:")
            default: at += 1
            }
        }
        copy(to: text.count)
        return lines
    }

    private mutating func copy(to end: Int) {
        lines.append(contentsOf: text[start..<end])
        start = end
    }

    /// The rule of dashes before an exception is left out.
    private mutating func readRule(_ at: Int) -> Int {
        let end = text[at...].firstIndex { $0 != UInt8(ascii: "-") } ?? text.count
        guard end - at > Self.ruleLength, at == start || text[at - 1] == UInt8(ascii: "\n") else { return end }
        copy(to: at)
        start = end
        if start < text.count, text[start] == UInt8(ascii: "\n") { start += 1 }
        return start
    }

    private static let ruleLength = 20

    /// A line after which a frame begins: `Traceback (most recent call last)`, or one of the sentences between two
    /// exceptions.
    private mutating func readHead(_ at: Int) -> Int {
        let mark: StaticString = "Traceback (most recent call last)"
        guard begins(mark, at) else {
            return readLink(at, "The above exception was the direct cause of the following exception:")
        }
        let end = at + mark.utf8CodeUnitCount
        // The same words in the code of a frame are followed by other text.
        if Self.frames.contains(where: { begins($0, end) }) {
            copy(to: end)
            lines.append(UInt8(ascii: "\n"))
        }
        return end
    }

    private static let frames: [StaticString] = ["Cell In", "Input In", "File ", "<ipython-input", "/", "~", " "]

    private mutating func readLink(_ at: Int, _ sentence: StaticString) -> Int {
        guard begins(sentence, at) else { return at + 1 }
        copy(to: at)
        while lines.last == UInt8(ascii: "\n") { lines.removeLast() }
        if !lines.isEmpty { lines += [UInt8(ascii: "\n"), UInt8(ascii: "\n")] }
        var end = at + sentence.utf8CodeUnitCount
        copy(to: end)
        while end < text.count, text[end] == UInt8(ascii: "\n") { end += 1 }
        start = end
        if end < text.count { lines += [UInt8(ascii: "\n"), UInt8(ascii: "\n")] }
        return end
    }

    private func begins(_ mark: StaticString, _ at: Int) -> Bool {
        text.count - at >= mark.utf8CodeUnitCount
            && (0..<mark.utf8CodeUnitCount).allSatisfy { text[at + $0] == mark.utf8Start[$0] }
    }
}
