import Glibc
import JSON

/// A line of the log: one JSON object that begins with the time.
///
/// `JSONEncoder` and a formatted `Date` are not used: for the line of one request they take a tenth of the time of a
/// short execution.
struct LogLine: ~Copyable {
    private var json = JSONWriter(capacity: 320)

    init() {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        json.member("time", Self.written(now))
    }

    mutating func member(_ name: String, _ value: String) { json.member(name, value) }
    mutating func member(_ name: String, _ value: Bool) { json.member(name, value) }
    mutating func member(_ name: String, _ value: Int) { json.member(name, value) }

    /// Writes a duration in milliseconds, with three digits after the decimal point.
    mutating func member(_ name: String, milliseconds duration: Duration) {
        let (seconds, attoseconds) = duration.components
        json.member(name, thousandths: max(0, Int(seconds) * 1_000_000 + Int(attoseconds / 1_000_000_000_000)))
    }

    /// Returns the line with its line feed.
    consuming func finish() -> [UInt8] { json.finish() + [UInt8(ascii: "\n")] }

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
