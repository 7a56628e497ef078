/// One pass over a text. This code runs for each byte, so it counts, copies and allocates nothing.
struct SecretSearch {
    struct Find {
        let start: Int
        let end: Int
        /// The numbers of the secret and of its part.
        let secret: Int
        let part: Int
    }

    private let index: SecretIndex
    private let text: UnsafeBufferPointer<UInt8>
    private let matcher: FormMatcher
    private let escapes: Escapes
    private let forms: UnsafeBufferPointer<FormMatcher.Form>
    private let openings: UnsafeBufferPointer<UInt64>
    private let escapable: UnsafeBufferPointer<UInt64>
    private let groups: List
    private let byFirstByte: List
    private let byFirstValue: List

    /// Of ``SecretIndex/Lists``.
    private struct List {
        let numbers: UnsafeBufferPointer<Int32>
        let starts: UnsafeBufferPointer<Int32>

        subscript(number: Int) -> UnsafeBufferPointer<Int32>.SubSequence {
            numbers[Int(starts[number])..<Int(starts[number + 1])]
        }
    }

    /// The places that were found, in the order of their starts; of those with the same start the longest comes first.
    static func finds(in text: UnsafeBufferPointer<UInt8>, of index: SecretIndex) -> [Find] {
        guard text.count >= SecretRedactor.shortest else { return [] }
        var finds: [Find] = []
        withForms(of: index) { forms in
            withSets(of: index) { openings, escapable in
                withList(index.groups) { groups in
                    withList(index.byFirstByte) { byFirstByte in
                        withList(index.byFirstValue) { byFirstValue in
                            let search = SecretSearch(
                                index: index, text: text, matcher: FormMatcher(text), escapes: Escapes(text),
                                forms: forms, openings: openings, escapable: escapable, groups: groups,
                                byFirstByte: byFirstByte, byFirstValue: byFirstValue)
                            search.run(&finds)
                        }
                    }
                }
            }
        }
        guard finds.count > 1 else { return finds }
        return finds.sorted { ($0.start, $1.end, $0.secret) < ($1.start, $0.end, $1.secret) }
    }

    private static func withList(_ lists: SecretIndex.Lists, _ body: (List) -> Void) {
        lists.numbers.withUnsafeBufferPointer { numbers in
            lists.starts.withUnsafeBufferPointer { body(List(numbers: numbers, starts: $0)) }
        }
    }

    private static func withSets(
        of index: SecretIndex, _ body: (UnsafeBufferPointer<UInt64>, UnsafeBufferPointer<UInt64>) -> Void
    ) {
        index.openings.withUnsafeBufferPointer { openings in
            index.escapable.withUnsafeBufferPointer { body(openings, $0) }
        }
    }

    private static func withForms(
        of index: SecretIndex, _ body: (UnsafeBufferPointer<FormMatcher.Form>) -> Void
    ) {
        index.units.withUnsafeBufferPointer { units in
            withUnsafeTemporaryAllocation(of: FormMatcher.Form.self, capacity: index.forms.count) { room in
                var start = 0
                for (number, form) in index.forms.enumerated() {
                    room.initializeElement(
                        at: number,
                        to: FormMatcher.Form(
                            notation: form.notation, units: .init(rebasing: units[start..<start + form.units.count]),
                            foldsBlanks: form.foldsBlanks, mayLose: form.mayLose, limit: form.limit))
                    start += form.units.count
                }
                body(UnsafeBufferPointer(room))
            }
        }
    }

    private func run(_ finds: inout [Find]) {
        index.tables.withUnsafeBufferPointer { tables in
            guard let bytes = text.baseAddress, let first = tables.baseAddress else { return }
            let (second, third, fourth) = (first + 256, first + 512, first + 768)
            var at = 0
            // No form is shorter than the bytes that are compared here.
            let end = text.count - 3
            while at < end {
                let left =
                    first[Int(bytes[at])] & second[Int(bytes[at + 1])] & third[Int(bytes[at + 2])]
                    & fourth[Int(bytes[at + 3])]
                if left != 0 { look(at, left, &finds) }
                at += 1
            }
        }
    }

    @inline(never)
    private func look(_ at: Int, _ left: UInt64, _ finds: inout [Find]) {
        var plain = left & (1 << UInt64(SecretIndex.groupCount) - 1)
        while plain != 0 {
            for number in groups[plain.trailingZeroBitCount] where hasOpening(number, from: at, to: at + 4) {
                compare(number, from: at, &finds)
            }
            plain &= plain - 1
        }
        if left >> UInt64(SecretIndex.groupCount) != 0 { lookAtEscape(at, &finds) }
    }

    private func lookAtEscape(_ at: Int, _ finds: inout [Find]) {
        let byte = text[at]
        if byte == UInt8(ascii: "?") || byte == 0xef {
            for number in index.losable {
                for start in max(at - 3, 0)...at where hasOpening(number, from: start, to: at) {
                    compare(number, from: start, &finds)
                }
            }
            return
        }
        // A run of backslashes or line ends is searched from its first byte.
        if at > 0, text[at - 1] == byte, byte == UInt8(ascii: "\\") || byte == UInt8(ascii: "\n") { return }
        var readings: UInt64 = 0
        escapes.read(at: at) { value, _ in
            switch value {
            case .byte(let value), .scalar(let value):
                readings |= 1 << UInt64(value & 63)
                // The first character of a form may be escaped.
                compareAll(startingWith: value, from: at, &finds)
            }
        }
        let isQuote = byte == UInt8(ascii: "'") || byte == UInt8(ascii: "\"")
        let continuation = matcher.afterInterruption(of: .text, at: at)
        let line = matcher.afterInterruption(of: .base64, at: at)
        guard readings != 0 || isQuote || line != nil else { return }
        // One of the first four characters is escaped, or the value is interrupted among them. The characters before it
        // are plain.
        for start in max(at - 3, 0)...at {
            for number in byFirstByte[Int(text[start])] where hasOpening(number, from: start, to: at) {
                let place = at - start
                guard
                    escapable[4 * Int(number) + place] & readings != 0
                        || isQuote && isPlain(byte, number, at: place)
                        || place > 0 && resumes(number, at: place, continuation: continuation, line: line)
                else { continue }
                compare(number, from: start, &finds)
            }
        }
    }

    /// Whether the form may continue after an interruption, at one of its first four places.
    private func resumes(_ number: Int32, at place: Int, continuation: Int?, line: Int?) -> Bool {
        let resumed: Int?
        switch forms[Int(number)].notation {
        case .text: resumed = continuation
        case .base64, .base32: resumed = line
        case .bytes, .hexadecimal, .decimal: return false
        }
        guard let resumed, resumed < text.count else { return false }
        // An escape after an interruption is rare, so the form is compared in full.
        return isPlain(text[resumed], number, at: place) || "%\\&=".utf8.contains(text[resumed])
    }

    private func compareAll(startingWith value: UInt32, from start: Int, _ finds: inout [Find]) {
        if value < 256 {
            for number in byFirstValue[Int(value)] { compare(number, from: start, &finds) }
        } else if let numbers = index.byLargeFirstValue[value] {
            for number in numbers { compare(number, from: start, &finds) }
        }
    }

    private func compare(_ number: Int32, from start: Int, _ finds: inout [Find]) {
        guard let end = matcher.end(of: forms[Int(number)], from: start) else { return }
        let form = index.forms[Int(number)]
        finds.append(Find(start: start, end: end, secret: form.secret, part: form.part))
    }

    /// Whether these bytes are the beginning of the form without escapes.
    private func hasOpening(_ number: Int32, from start: Int, to end: Int) -> Bool {
        for at in start..<end where !isPlain(text[at], number, at: at - start) { return false }
        return true
    }

    private func isPlain(_ byte: UInt8, _ number: Int32, at place: Int) -> Bool {
        openings[16 * Int(number) + 4 * place + Int(byte >> 6)] >> UInt64(byte & 63) & 1 != 0
    }
}
