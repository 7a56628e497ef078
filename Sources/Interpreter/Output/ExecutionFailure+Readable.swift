package import E2B

extension ExecutionFailure {
    /// `Name: value` and the traceback, its frames on lines of their own.
    ///
    /// - Parameter shortened: shortens each of the texts before anything else is done with it: it may have megabytes.
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

    /// The traceback alone, all of it.
    package var readableTraceback: String { traceback.withoutTerminalEscapes.separatingFrames }

    /// The value alone, with the words that the interpreter leaves out.
    package var readableValue: String {
        switch name {
        // A shell that has ended has no name, and its exit code for a value.
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
    /// Jupyter's frames come joined without separators: the rule, each exception's name and its first frame run together.
    fileprivate var separatingFrames: String {
        var text = self
        return text.withUTF8 { String(decoding: TracebackLines(of: $0).separated(), as: UTF8.self) }
    }
}

/// Puts each part of a traceback on a line of its own. It reads each byte once, or a few times near a mark.
private struct TracebackLines {
    private let text: UnsafeBufferPointer<UInt8>
    private var lines: [UInt8] = []
    /// What is copied begins here.
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

    /// A rule of dashes before an exception is left out.
    private mutating func readRule(_ at: Int) -> Int {
        let end = text[at...].firstIndex { $0 != UInt8(ascii: "-") } ?? text.count
        guard end - at > Self.ruleLength, at == start || text[at - 1] == UInt8(ascii: "\n") else { return end }
        copy(to: at)
        start = end
        if start < text.count, text[start] == UInt8(ascii: "\n") { start += 1 }
        return start
    }

    private static let ruleLength = 20

    /// `Traceback (most recent call last)`, after which a frame begins; or one of the sentences between two exceptions.
    private mutating func readHead(_ at: Int) -> Int {
        let mark: StaticString = "Traceback (most recent call last)"
        guard begins(mark, at) else {
            return readLink(at, "The above exception was the direct cause of the following exception:")
        }
        let end = at + mark.utf8CodeUnitCount
        // In the code of a frame anything else follows.
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
