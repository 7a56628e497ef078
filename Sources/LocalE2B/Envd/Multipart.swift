internal import CGNU
internal import Foundation

/// `multipart/form-data`, RFC 7578.
enum Multipart {
    struct Part: Equatable, Sendable {
        var name: String
        /// The file's name, which may include folders, as E2B's SDKs send it.
        var filename: String?
        var content: ArraySlice<UInt8>
    }

    enum ParseError: Error, Equatable, Sendable, CustomStringConvertible {
        case noBoundary, noEnd, badHeader, tooManyParts

        var description: String {
            switch self {
            case .noBoundary: "no boundary"
            case .noEnd: "the body ends in the middle of a part"
            case .badHeader: "a part has no usable headers"
            case .tooManyParts: "too many parts"
            }
        }
    }

    private static let partLimit = 1000
    private static let headerLimit = 16 << 10

    static func parts(of body: [UInt8], contentType: String) throws(ParseError) -> [Part] {
        guard let boundary = parameter("boundary", in: contentType), (1...200).contains(boundary.utf8.count) else {
            throw .noBoundary
        }
        let delimiter = Array("\r\n--\(boundary)".utf8)
        // The first delimiter may be at the very beginning, without a line break before it.
        var rest = body[...]
        if rest.starts(with: delimiter.dropFirst(2)) {
            rest = rest.dropFirst(delimiter.count - 2)
        } else if let range = rest.firstRange(of: delimiter) {
            rest = rest[range.upperBound...]
        } else {
            throw .noEnd
        }
        var parts: [Part] = []
        while !rest.starts(with: "--".utf8) {
            guard let line = rest.prefix(80).firstRange(of: "\r\n".utf8) else { throw .noEnd }
            // Padding may follow a boundary on its line.
            rest = rest[line.lowerBound...]
            guard let end = rest.firstRange(of: delimiter, from: 2) else { throw .noEnd }
            parts.append(try part(rest[rest.index(rest.startIndex, offsetBy: 2)..<end.lowerBound]))
            guard parts.count <= partLimit else { throw .tooManyParts }
            rest = rest[end.upperBound...]
        }
        return parts
    }

    private static func part(_ bytes: ArraySlice<UInt8>) throws(ParseError) -> Part {
        guard let end = bytes.prefix(headerLimit).firstRange(of: "\r\n\r\n".utf8) else { throw .badHeader }
        let headers = String(decoding: bytes[..<end.lowerBound], as: UTF8.self)
        let disposition = headers.components(separatedBy: "\r\n")
            .first { $0.lowercased().hasPrefix("content-disposition:") }
        guard let disposition, let name = parameter("name", in: disposition) else { throw .badHeader }
        return Part(name: name, filename: parameter("filename", in: disposition), content: bytes[end.upperBound...])
    }

    /// A parameter of a header, quoted or not. A quoted one escapes `"` and `\` by a backslash, or `"` as `%22`.
    private static func parameter(_ name: String, in header: String) -> String? {
        var rest = Substring(header)
        while let semicolon = rest.firstIndex(of: ";") {
            rest = rest[rest.index(after: semicolon)...].drop { $0 == " " || $0 == "\t" }
            guard let equals = rest.firstIndex(of: "=") else { return nil }
            let key = rest[..<equals].trimmingCharacters(in: .whitespaces)
            rest = rest[rest.index(after: equals)...]
            let value = takeValue(&rest)
            if key.lowercased() == name { return value }
        }
        return nil
    }

    private static func takeValue(_ rest: inout Substring) -> String {
        guard rest.first == "\"" else {
            let value = rest.prefix { $0 != ";" }
            rest = rest[value.endIndex...]
            return value.trimmingCharacters(in: .whitespaces)
        }
        rest.removeFirst()
        var value = ""
        while let character = rest.popFirst(), character != "\"" {
            let isEscape = character == "\\" && (rest.first == "\"" || rest.first == "\\")
            value.append(isEscape ? rest.removeFirst() : character)
        }
        return value.replacingOccurrences(of: "%22", with: "\"")
    }
}

extension ArraySlice<UInt8> {
    /// The first range that equals `pattern`, not before `offset`.
    ///
    /// It uses `memmem`, because uploads are large, and a generic search compares element by element.
    fileprivate func firstRange(of pattern: some Sequence<UInt8>, from offset: Int = 0) -> Range<Int>? {
        let pattern = [UInt8](pattern)
        guard count - offset >= pattern.count else { return nil }
        let found = withUnsafeBytes { bytes -> Int? in
            guard let base = bytes.baseAddress else { return nil }
            guard let hit = memmem(base + offset, bytes.count - offset, pattern, pattern.count) else { return nil }
            return UnsafeRawPointer(hit) - base
        }
        return found.map { startIndex + $0..<startIndex + $0 + pattern.count }
    }
}
