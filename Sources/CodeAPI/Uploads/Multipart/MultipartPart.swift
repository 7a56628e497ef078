/// What the headers of a part say.
package struct MultipartPart: Equatable, Sendable {
    /// The name of the field; empty if the part has only a file name.
    package let name: String
    /// The name of the file as it was meant, in whatever way it was written; nil if the part is a text field. Nothing is done
    /// about what it may not contain: see ``FileName``.
    package let filename: String?
    /// The type that the part claims, in lowercase and without parameters; nil if it claims none that is well-formed.
    package let contentType: String?

    /// - Parameter head: the header lines, with the line break of each.
    init(head: ArraySlice<UInt8>) throws(MultipartError) {
        var disposition: HeaderParameters?
        var contentType: String?
        for line in Self.lines(of: head) {
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > line.startIndex else { throw .badHead }
            let name = String(decoding: line[..<colon].trimmingBlanks, as: UTF8.self).lowercased()
            let value = Array(line[(colon + 1)...].trimmingBlanks)
            switch name {
            // The first of several counts, so that what follows cannot change it.
            case "content-disposition": disposition = disposition ?? HeaderParameters(value)
            case "content-type": contentType = contentType ?? HeaderParameters(value).value.lowercased()
            default: break
            }
        }
        guard let disposition, disposition.value.lowercased() == "form-data" else { throw .badHead }
        let fieldName = disposition["name"].map(Self.text)
        filename = Self.filename(disposition)
        guard filename != nil || fieldName?.isEmpty == false else { throw .unnamedPart }
        name = fieldName ?? ""
        self.contentType = contentType.flatMap { Self.isMediaType($0) ? $0 : nil }
    }

    /// The lines of the headers. Some programs write a file's name as it is, with its line breaks: what does not begin with the name
    /// of a header belongs to the line before.
    private static func lines(of head: ArraySlice<UInt8>) -> [ArraySlice<UInt8>] {
        var lines: [ArraySlice<UInt8>] = []
        for line in head.split(separator: UInt8(ascii: "\n")) {
            let line = line.dropLast(line.last == UInt8(ascii: "\r") ? 1 : 0)
            guard !line.isEmpty else { continue }
            let name = line.prefix { $0 != UInt8(ascii: ":") }
            let isHeader = !name.isEmpty && name.endIndex < line.endIndex && name.allSatisfy(isHeaderByte)
            if !isHeader, let last = lines.last {
                lines[lines.count - 1] = last + [UInt8(ascii: "\n")] + line
            } else {
                lines.append(line)
            }
        }
        return lines
    }

    /// Whether the byte may be in the name of a header; a blank may follow one.
    private static func isHeaderByte(_ byte: UInt8) -> Bool {
        isMediaTypeByte(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) || byte.isBlank
    }

    /// The file's name. `filename*` (RFC 5987) says how it is encoded, so it goes before `filename` where it can be read.
    private static func filename(_ disposition: HeaderParameters) -> String? {
        disposition["filename*"].flatMap(extendedText) ?? disposition["filename"].map(text)
    }

    /// Reads `UTF-8''a%20b` (RFC 5987, section 3.2).
    private static func extendedText(_ value: [UInt8]) -> String? {
        let parts = value.split(separator: UInt8(ascii: "'"), maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, let bytes = percentDecoded(parts[2]) else { return nil }
        return switch String(decoding: parts[0], as: UTF8.self).lowercased() {
        case "utf-8": String(validating: bytes, as: UTF8.self)
        case "iso-8859-1": latin1(bytes)
        default: nil
        }
    }

    /// Reads a text as browsers write it: UTF-8, with a quotation mark and line breaks as `%22`, `%0D` and `%0A`
    /// (https://html.spec.whatwg.org/multipage/form-control-infrastructure.html#multipart-form-data). No other `%` is more than
    /// a percent sign. Bytes that are not UTF-8 are Latin-1, so that two names of them stay two.
    private static func text(_ value: [UInt8]) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(value.count)
        var position = 0
        while position < value.count {
            if value[position] == UInt8(ascii: "%"), position + 2 < value.count,
                let byte = escaped[String(decoding: value[position...position + 2], as: UTF8.self).uppercased()]
            {
                bytes.append(byte)
                position += 3
            } else {
                bytes.append(value[position])
                position += 1
            }
        }
        return String(validating: bytes, as: UTF8.self) ?? latin1(bytes)
    }

    private static let escaped: [String: UInt8] = ["%22": 0x22, "%0D": 0x0d, "%0A": 0x0a]

    private static func latin1(_ bytes: [UInt8]) -> String {
        var text = String.UnicodeScalarView()
        text.append(contentsOf: bytes.map { Unicode.Scalar($0) })
        return String(text)
    }

    /// - Returns: nil if a percent sign is not followed by two hexadecimal digits.
    private static func percentDecoded(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        var bytes: [UInt8] = []
        var rest = text
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            let digits = String(decoding: rest.prefix(2), as: UTF8.self)
            guard digits.utf8.count == 2, digits.first != "+", let value = UInt8(digits, radix: 16) else { return nil }
            rest.removeFirst(2)
            bytes.append(value)
        }
        return bytes
    }

    /// Whether the text is `type/subtype` of the characters that RFC 6838 allows.
    private static func isMediaType(_ text: String) -> Bool {
        let halves = text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        return halves.count == 2
            && halves.allSatisfy { half in (1...100).contains(half.count) && half.allSatisfy(isMediaTypeByte) }
    }

    private static func isMediaTypeByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: "!#$&^_.+-".utf8.contains(byte)
        }
    }
}
