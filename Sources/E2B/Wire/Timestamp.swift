/// A point in time as text writes it.
struct Timestamp: Equatable {
    /// Seconds since 1970.
    var seconds: Int
    var nanoseconds = 0

    /// `2026-11-20T23:11:34.791802Z`, also with an offset. RFC 3339, section 5.6.
    init?(rfc3339 text: String) {
        var text = Field(text)
        guard let year = text.number(4), text.take("-"), let month = text.number(2), text.take("-"),
            let day = text.number(2), text.take("T") || text.take("t") || text.take(" "), let hour = text.number(2),
            text.take(":"), let minute = text.number(2), text.take(":"), let second = text.number(2)
        else { return nil }
        if text.take(".") {
            guard let fraction = text.fraction() else { return nil }
            nanoseconds = fraction
        }
        var offset = 0
        if !text.take("Z"), !text.take("z") {
            let isWest = text.take("-")
            guard isWest || text.take("+"), let hours = text.number(2), text.take(":"), let minutes = text.number(2)
            else { return nil }
            offset = (hours * 3600 + minutes * 60) * (isWest ? -1 : 1)
        }
        guard text.isAtEnd, let date = Self.seconds(year, month, day, hour, minute, second) else { return nil }
        seconds = date - offset
    }

    /// `Sun, 06 Nov 1994 08:49:37 GMT`. RFC 9110, section 5.6.7; its two obsolete forms are not read.
    init?(httpDate text: String) {
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        var text = Field(text)
        guard text.word(3) != nil, text.take(","), text.take(" "), let day = text.number(2), text.take(" "),
            let month = text.word(3).flatMap({ months.firstIndex(of: $0) }), text.take(" "),
            let year = text.number(4), text.take(" "), let hour = text.number(2), text.take(":"),
            let minute = text.number(2), text.take(":"), let second = text.number(2), text.take(" "),
            text.word(3) == "GMT", text.isAtEnd,
            let date = Self.seconds(year, month + 1, day, hour, minute, second)
        else { return nil }
        seconds = date
    }

    /// Days are counted in eras of 400 years that begin in March, so that the odd day comes last.
    private static func seconds(
        _ year: Int, _ month: Int, _ day: Int, _ hour: Int, _ minute: Int, _ second: Int
    ) -> Int? {
        guard (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60, second <= 60 else { return nil }
        let shifted = month > 2 ? year : year - 1
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return (era * 146_097 + dayOfEra - 719_468) * 86_400 + hour * 3600 + minute * 60 + second
    }
}

extension Timestamp {
    /// A text that is read from its front.
    private struct Field {
        private var rest: Substring.UTF8View

        init(_ text: String) { rest = text[...].utf8 }

        var isAtEnd: Bool { rest.isEmpty }

        mutating func take(_ character: Unicode.Scalar) -> Bool {
            guard rest.first == UInt8(ascii: character) else { return false }
            rest.removeFirst()
            return true
        }

        mutating func number(_ digits: Int) -> Int? {
            var number = 0
            for _ in 0..<digits {
                guard let digit = digit() else { return nil }
                number = number * 10 + digit
            }
            return number
        }

        /// Reads a fraction of a second, in nanoseconds. Digits after the ninth are dropped.
        mutating func fraction() -> Int? {
            guard var fraction = digit() else { return nil }
            var count = 1
            while let digit = digit() {
                guard count < 9 else { continue }
                fraction = fraction * 10 + digit
                count += 1
            }
            for _ in count..<9 { fraction *= 10 }
            return fraction
        }

        mutating func word(_ count: Int) -> String? {
            let word = rest.prefix(count)
            guard word.count == count else { return nil }
            rest.removeFirst(count)
            return String(decoding: word, as: UTF8.self)
        }

        private mutating func digit() -> Int? {
            guard let byte = rest.first, (0x30...0x39).contains(byte) else { return nil }
            rest.removeFirst()
            return Int(byte - 0x30)
        }
    }
}
