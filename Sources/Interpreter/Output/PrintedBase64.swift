import ImageGate
import JSON

/// Finds long base64 in a program's output, which nobody can read. It extracts the pictures among it.
struct PrintedBase64 {
    private let text: UnsafeBufferPointer<UInt8>
    private var at = 0
    /// The end of the last run that was long enough to be replaced.
    private var lastEnd = 0

    /// The number of characters from which on a run is replaced. A shorter run may have a meaning for its reader.
    static let longRun = 1000
    /// The shortest run that is decoded if its beginning says that it is a picture or a data URI.
    private static let shortRun = 80
    static let shortestPicture = shortRun
    /// The number of pictures that are taken out of the texts of one execution.
    static let pictureLimit = 20

    /// - Parameter pictures: the array that gets the pictures.
    /// - Returns: nil if there is no long base64.
    static func replaced(
        in text: [UInt8], _ pictures: inout [CapturedImage], without secrets: SecretRedactor
    ) -> [UInt8]? {
        text.withUnsafeBufferPointer { bytes in
            var search = PrintedBase64(text: bytes)
            var replaced: [UInt8] = []
            var end = 0
            while let run = search.next() {
                guard let words = run.words(in: bytes, &pictures, secrets) else { continue }
                replaced += bytes[end..<run.whole.lowerBound] + Array(words.utf8)
                end = run.whole.upperBound
            }
            return end == 0 ? nil : replaced + bytes[end...]
        }
    }

    /// Returns the start of a run that may go on after the text, without the head of its data URI; nil if there is none.
    static func startOfUnfinishedRun(in text: [UInt8]) -> Int? {
        text.withUnsafeBufferPointer { bytes in
            let end = bytes.last == UInt8(ascii: "\n") ? bytes.count - 1 : bytes.count
            guard end > 0, bytes[end - 1].isBase64 else { return nil }
            let start = PrintedBase64(text: bytes).startOfRun(around: end - 1)
            guard end < bytes.count else { return start }
            // A line goes on in the next one if it has the length of such lines.
            let line = bytes[start..<end].lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? start
            let isWholeLine = line == 0 || bytes[line - 1] == UInt8(ascii: "\n")
            return isWholeLine && lineLengths.contains(end - line) ? start : nil
        }
    }

    /// The head of a data URI before its base64. Bytes.
    static let longestHead = headLimit

    /// A run of base64, and the start of its data URI's head.
    fileprivate struct Run {
        let whole: Range<Int>
        let content: Range<Int>
        let mimeType: String?
    }

    private init(text: UnsafeBufferPointer<UInt8>) { self.text = text }

    /// The distance between the bytes that are tested. A run that is long enough has at least one of them.
    private mutating func next() -> Run? {
        while at + Self.shortRun <= text.count {
            let place = at + Self.shortRun - 1
            guard text[place].isBase64 else {
                at = place + 1
                continue
            }
            let start = startOfRun(around: place)
            let content = start..<endOfRun(from: start)
            at = max(content.upperBound, place + 1)
            guard content.count >= Self.shortRun else { continue }
            lastEnd = content.upperBound
            let head = head(before: start)
            return Run(whole: head?.start ?? start..<content.upperBound, content: content, mimeType: head?.type)
        }
        return nil
    }

    /// Returns the start of the run, or of the first of its lines.
    private func startOfRun(around place: Int) -> Int {
        var start = place
        while start > lastEnd, text[start - 1].isBase64 { start -= 1 }
        while start > lastEnd, text[start - 1] == UInt8(ascii: "\n") {
            var line = start - 1
            while line > lastEnd, text[line - 1].isBase64 { line -= 1 }
            let length = start - 1 - line
            guard Self.lineLengths.contains(length),
                line == 0 || line == lastEnd || text[line - 1] == UInt8(ascii: "\n")
            else {
                break
            }
            start = line
        }
        return start
    }

    /// Returns the end of the run and its padding. The run may have line breaks if all of its lines have the same
    /// length.
    private func endOfRun(from start: Int) -> Int {
        var end = start
        while end < text.count, text[end].isBase64 { end += 1 }
        let length = end - start
        while Self.lineLengths.contains(length), end + 1 < text.count, text[end] == UInt8(ascii: "\n"),
            text[end + 1].isBase64
        {
            var lineEnd = end + 1
            while lineEnd < text.count, lineEnd - end - 1 <= length, text[lineEnd].isBase64 { lineEnd += 1 }
            let isPadded = lineEnd < text.count && text[lineEnd] == UInt8(ascii: "=")
            guard lineEnd - end - 1 <= length, isPadded || lineEnd == text.count || text[lineEnd] == UInt8(ascii: "\n")
            else { break }
            let isLast = lineEnd - end - 1 < length
            end = lineEnd
            if isLast { break }
        }
        var padding = 0
        while padding < 2, end < text.count, text[end] == UInt8(ascii: "=") {
            end += 1
            padding += 1
        }
        return end
    }

    /// Whether the base64 continues in the next line.
    private static let lineLengths = 60...200

    /// Finds the head of a data URI, such as `data:image/png;base64,`, before the run.
    private func head(before start: Int) -> (start: Range<Int>, type: String)? {
        let mark = ";base64,"
        guard start >= mark.utf8.count, text[(start - mark.utf8.count)..<start].elementsEqual(mark.utf8) else {
            return nil
        }
        let first = max(start - Self.headLimit, 0)
        guard let scheme = text[first..<start].lastRange(of: "data:") else { return nil }
        let type = text[scheme.upperBound..<(start - mark.utf8.count)]
        guard type.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else { return nil }
        let name = type.prefix { $0 != UInt8(ascii: ";") }
        return (scheme.lowerBound..<endOfRun(from: start), String(decoding: name, as: UTF8.self))
    }

    private static let headLimit = 120
}

extension PrintedBase64.Run {
    /// Returns the text that replaces the run; nil if the run stays.
    fileprivate func words(
        in text: UnsafeBufferPointer<UInt8>, _ pictures: inout [CapturedImage], _ secrets: SecretRedactor
    ) -> String? {
        let characters = text[content]
        let isLong = characters.count >= PrintedBase64.longRun && characters.isMixed
        guard mimeType != nil || isLong || characters.isBeginningOfPicture else { return nil }
        let bytes = Base64.decode(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(text)[content]))
        let size = "base64 of \(characters.count) characters"
        guard let bytes else {
            return mimeType != nil || isLong ? "[\(mimeType.map { "\($0) in " } ?? "")\(size)]" : nil
        }
        if let type = ImageType.sniff(bytes), pictures.count < PrintedBase64.pictureLimit {
            let isDrawing = type == .svg
            pictures.append(
                CapturedImage(
                    bytes: isDrawing ? secrets.checked(svg: String(decoding: bytes, as: UTF8.self)) : .success(bytes),
                    type: type))
            return "[\(type.name) picture of \(bytes.count) bytes in \(size): it is shown as a picture]"
        }
        guard mimeType != nil || isLong else { return nil }
        return "[\(mimeType ?? "\(bytes.count) bytes") in \(size)]"
    }
}

extension Slice<UnsafeBufferPointer<UInt8>> {
    /// Whether the run has capital and small letters and digits of many kinds, as base64 of any data has. Other long
    /// runs do not.
    fileprivate var isMixed: Bool {
        var kinds = Set<UInt8>()
        for byte in prefix(1000) { kinds.insert(byte) }
        return kinds.count >= 30
            && kinds.contains { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) }
            && kinds.contains { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) }
            && kinds.contains { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }

    /// The beginnings of PNG, JPEG, GIF, WebP and SVG in base64.
    fileprivate var isBeginningOfPicture: Bool {
        ["iVBORw0KGgo", "/9j/", "R0lGOD", "UklGR", "PHN2Zy", "PD94bWw"].contains { starts(with: $0.utf8) }
    }

    fileprivate func lastRange(of mark: StaticString) -> Range<Int>? {
        let length = mark.utf8CodeUnitCount
        var start = endIndex - length
        while start >= startIndex {
            if (0..<length).allSatisfy({ self[start + $0] == mark.utf8Start[$0] }) { return start..<start + length }
            start -= 1
        }
        return nil
    }
}

extension UInt8 {
    /// Whether the byte is a letter of base64, other than its padding.
    var isBase64: Bool {
        switch self {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "/"):
            true
        default: false
        }
    }
}
