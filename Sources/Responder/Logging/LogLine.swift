import Glibc
import JSON

/// A line of the log, which begins with the time: one JSON object, or words for people.
///
/// `JSONEncoder` and a formatted `Date` are not used: for the line of one request they take a tenth of the time of a
/// short execution.
struct LogLine: ~Copyable {
    private let format: LogFormat
    private var json: JSONWriter
    private var words: [UInt8] = []

    init(_ level: LogLevel = .info, as format: LogFormat = .json) {
        self.format = format
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        switch format {
        case .json:
            json = JSONWriter(capacity: 512)
            json.member("time", Self.written(now))
            json.member("level", level.rawValue)
        case .text:
            json = JSONWriter(capacity: 0)
            words.reserveCapacity(512)
            words.append(contentsOf: Self.written(now).utf8)
            word("level", level.rawValue)
        }
    }

    /// Writes a value that people understand without its name.
    mutating func word(_ name: String, _ value: String) {
        guard format == .text else { return json.member(name, value) }
        space()
        append(value, isQuoted: value.isEmpty || value.utf8.contains(where: Self.needsEscape))
    }

    /// Writes a sentence, which ends the line for people.
    mutating func sentence(_ name: String, _ value: String) {
        guard format == .text else { return json.member(name, value) }
        space()
        append(value, isQuoted: value.utf8.contains { $0 < 0x20 || $0 == 0x7f })
    }

    mutating func member(_ name: String, _ value: String) {
        guard format == .text else { return json.member(name, value) }
        begin(name)
        append(value, isQuoted: value.isEmpty || value.utf8.contains(where: Self.needsQuotes))
    }

    mutating func member(_ name: String, _ value: Bool) {
        guard format == .text else { return json.member(name, value) }
        begin(name)
        words.append(contentsOf: (value ? "true" : "false").utf8)
    }

    mutating func member(_ name: String, _ value: Int) {
        guard format == .text else { return json.member(name, value) }
        begin(name)
        words.append(contentsOf: String(value).utf8)
    }

    /// Writes a duration in milliseconds, with three digits after the decimal point.
    mutating func member(_ name: String, milliseconds duration: Duration) {
        let (seconds, attoseconds) = duration.components
        let microseconds = max(0, Int(seconds) * 1_000_000 + Int(attoseconds / 1_000_000_000_000))
        guard format == .text else { return json.member(name, thousandths: microseconds) }
        begin(name)
        let rest = String(microseconds % 1000)
        words.append(
            contentsOf: "\(microseconds / 1000).\(String(repeating: "0", count: 3 - rest.utf8.count))\(rest)".utf8)
    }

    /// Returns the line with its line feed.
    consuming func finish() -> [UInt8] {
        var line = format == .json ? json.finish() : words
        line.append(UInt8(ascii: "\n"))
        return line
    }

    // MARK: Words

    private mutating func space() { words.append(UInt8(ascii: " ")) }

    private mutating func begin(_ name: String) {
        space()
        words.append(contentsOf: name.utf8)
        words.append(UInt8(ascii: "="))
    }

    /// Nothing that somebody sends can begin a new line: control characters come as the escapes of a JSON string.
    private mutating func append(_ value: String, isQuoted: Bool) {
        guard isQuoted else { return words.append(contentsOf: value.utf8) }
        words.append(contentsOf: JSONWriter.value { $0.node(.text(value)) })
    }

    private static func needsEscape(_ byte: UInt8) -> Bool {
        byte <= 0x20 || byte == 0x7f || byte == UInt8(ascii: "\"")
    }

    private static func needsQuotes(_ byte: UInt8) -> Bool { needsEscape(byte) || byte == UInt8(ascii: "=") }

    /// The time in UTC, in the format of RFC 3339.
    private static func written(_ time: timespec) -> String {
        var seconds = time.tv_sec
        var date = tm()
        gmtime_r(&seconds, &date)
        var text: [UInt8] = []
        text.reserveCapacity(24)
        let fields = [
            (Int(date.tm_year) + 1900, 4, "-"), (Int(date.tm_mon) + 1, 2, "-"), (Int(date.tm_mday), 2, "T"),
            (Int(date.tm_hour), 2, ":"), (Int(date.tm_min), 2, ":"), (Int(date.tm_sec), 2, "."),
            (time.tv_nsec / 1_000_000, 3, "Z"),
        ]
        for (number, digits, mark) in fields {
            var unit = 1
            for _ in 1..<digits { unit *= 10 }
            while unit > 0 {
                text.append(UInt8(ascii: "0") + UInt8(number / unit % 10))
                unit /= 10
            }
            text.append(contentsOf: mark.utf8)
        }
        return String(decoding: text, as: UTF8.self)
    }
}
