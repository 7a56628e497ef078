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
        default: value
        }
    }
}

extension String {
    /// Jupyter's frames come joined without separators: the rule, the exception's name and the first frame run together.
    fileprivate var separatingFrames: String {
        var text = self
        let (start, end) = text.withUTF8 { bytes -> (Int, Int?) in
            let rule = bytes.prefix { $0 == UInt8(ascii: "-") }.count
            let start = rule > 20 ? rule : 0
            // The marker is near the beginning: only the exception's name is before it.
            let beginning = bytes[start...].prefix(Self.markerPlace)
            guard let end = beginning.firstRange(of: "Traceback (most recent call last)".utf8)?.upperBound,
                end < bytes.count, bytes[end] != UInt8(ascii: "\n")
            else { return (start, nil) }
            return (start, end)
        }
        // Dashes and the marker are ASCII: both offsets are between scalars.
        let bytes = text.utf8
        let rest = text[bytes.index(bytes.startIndex, offsetBy: start)...]
        guard let end else { return String(rest) }
        let place = bytes.index(bytes.startIndex, offsetBy: end)
        return "\(rest[..<place])\n\(text[place...])"
    }

    /// Bytes within which the marker is looked for.
    private static let markerPlace = 1 << 14
}
