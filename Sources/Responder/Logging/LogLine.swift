import Glibc
import JSON

/// A line of the log: one JSON object, which begins with the time.
///
/// Written by hand: every request has one, and `JSONEncoder` with a formatted `Date` is a tenth of what a short
/// execution costs.
struct LogLine: ~Copyable {
    private var bytes: [UInt8] = []

    init() {
        bytes.reserveCapacity(320)
        bytes.append(UInt8(ascii: "{"))
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        write(name: "time")
        write(time: now)
    }

    mutating func member(_ name: StaticString, _ value: String) {
        write(name: name)
        bytes.append(quoted: value)
    }

    mutating func member(_ name: StaticString, _ value: Bool) {
        write(name: name)
        bytes.append(contentsOf: (value ? "true" : "false").utf8)
    }

    mutating func member(_ name: StaticString, _ value: Int) {
        write(name: name)
        write(value)
    }

    /// With three digits after the point.
    mutating func member(_ name: StaticString, milliseconds duration: Duration) {
        write(name: name)
        let (seconds, attoseconds) = duration.components
        let microseconds = max(0, Int(seconds) * 1_000_000 + Int(attoseconds / 1_000_000_000_000))
        write(microseconds / 1000)
        bytes.append(UInt8(ascii: "."))
        write(microseconds % 1000, digits: 3)
    }

    /// The line, with its end.
    consuming func finish() -> [UInt8] {
        bytes.append(UInt8(ascii: "}"))
        bytes.append(UInt8(ascii: "\n"))
        return bytes
    }

    /// Names are ours: they need no escapes.
    private mutating func write(name: StaticString) {
        if bytes.count > 1 { bytes.append(UInt8(ascii: ",")) }
        bytes.append(UInt8(ascii: "\""))
        bytes.append(contentsOf: UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
        bytes.append(UInt8(ascii: "\""))
        bytes.append(UInt8(ascii: ":"))
    }

    /// UTC, as RFC 3339 writes it.
    private mutating func write(time: timespec) {
        var seconds = time.tv_sec
        var date = tm()
        gmtime_r(&seconds, &date)
        bytes.append(UInt8(ascii: "\""))
        write(Int(date.tm_year) + 1900, digits: 4)
        for (mark, field) in [("-", date.tm_mon + 1), ("-", date.tm_mday), ("T", date.tm_hour), (":", date.tm_min)] {
            bytes.append(contentsOf: mark.utf8)
            write(Int(field), digits: 2)
        }
        bytes.append(UInt8(ascii: ":"))
        write(Int(date.tm_sec), digits: 2)
        bytes.append(UInt8(ascii: "."))
        write(time.tv_nsec / 1_000_000, digits: 3)
        bytes.append(UInt8(ascii: "Z"))
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func write(_ number: Int) { bytes.append(contentsOf: String(number).utf8) }

    /// With zeros in front.
    private mutating func write(_ number: Int, digits: Int) {
        var unit = 1
        for _ in 1..<digits { unit *= 10 }
        while unit > 0 {
            bytes.append(UInt8(ascii: "0") + UInt8(number / unit % 10))
            unit /= 10
        }
    }
}
