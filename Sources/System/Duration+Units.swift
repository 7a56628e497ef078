extension Duration {
    /// For clocks that count in fractions.
    package var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }

    /// Rounded up: nobody who waits for that long comes too early.
    package var wholeSeconds: Int {
        let (seconds, attoseconds) = components
        return Int(clamping: seconds) + (attoseconds > 0 && seconds < .max ? 1 : 0)
    }

    /// Rounded up, and from 0 to the largest C int: what poll(2) and libcurl take.
    package var wholeMilliseconds: Int {
        let limit = Int(CInt.max)
        guard self < .milliseconds(limit) else { return limit }
        guard self > .zero else { return 0 }
        let (seconds, attoseconds) = components
        return Int(seconds) * 1000 + Int((attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
    }

    /// `120 seconds`, `1 second`, `1.5 seconds`.
    package var words: String {
        let (seconds, attoseconds) = components
        // Nobody asks for the fractions of so long a time, and its milliseconds are no longer a number.
        guard abs(seconds) < 1 << 50 else { return "\(seconds) seconds" }
        let milliseconds = seconds * 1000 + attoseconds / 1_000_000_000_000_000
        if milliseconds == 1000 { return "1 second" }
        let isWhole = milliseconds % 1000 == 0
        return isWhole ? "\(seconds) seconds" : "\(Double(milliseconds) / 1000) seconds"
    }

    /// Without fractions, where there is a whole second.
    package var wholeWords: String { (self < .seconds(1) ? self : .seconds(components.seconds)).words }
}
