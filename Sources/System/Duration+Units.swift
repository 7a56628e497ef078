extension Duration {
    /// The duration in seconds, with fractions.
    package var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }

    /// The duration in seconds, rounded up, so that a wait of this many seconds is never too short.
    package var wholeSeconds: Int {
        let (seconds, attoseconds) = components
        return Int(clamping: seconds) + (attoseconds > 0 && seconds < .max ? 1 : 0)
    }

    /// The duration in milliseconds, rounded up and limited to 0...`CInt.max`, the range that poll(2) and libcurl take.
    package var wholeMilliseconds: Int {
        let limit = Int(CInt.max)
        guard self < .milliseconds(limit) else { return limit }
        guard self > .zero else { return 0 }
        let (seconds, attoseconds) = components
        return Int(seconds) * 1000 + Int((attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
    }

    /// The duration for a message: `120 seconds`, `1 second`, `1.5 seconds`.
    package var words: String {
        let (seconds, attoseconds) = components
        // The milliseconds of a longer duration could overflow an Int, and a message does not need them.
        guard abs(seconds) < 1 << 50 else { return "\(seconds) seconds" }
        let milliseconds = seconds * 1000 + attoseconds / 1_000_000_000_000_000
        if milliseconds == 1000 { return "1 second" }
        let isWhole = milliseconds % 1000 == 0
        return isWhole ? "\(seconds) seconds" : "\(Double(milliseconds) / 1000) seconds"
    }

    /// The duration for a message, without fractions if it is a second or longer.
    package var wholeWords: String { (self < .seconds(1) ? self : .seconds(components.seconds)).words }
}
