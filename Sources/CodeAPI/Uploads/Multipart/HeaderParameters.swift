/// The value of a header with its parameters, such as `form-data; name="file"; filename="a.csv"` (RFC 2183, section 2).
///
/// Programs differ in how they write a quotation mark in a quoted text. RFC 2183 has a backslash before it, browsers write
/// `%22`, and some programs write it as it is. So only a quotation mark after which the value may end is the end of the text.
struct HeaderParameters {
    /// What comes before the parameters.
    let value: String
    private var parameters: [(name: String, value: [UInt8])] = []

    init(_ header: [UInt8]) {
        let end = header.firstIndex(of: UInt8(ascii: ";")) ?? header.endIndex
        value = String(decoding: header[..<end].trimmingBlanks, as: UTF8.self)
        var rest = header[end...]
        while rest.first == UInt8(ascii: ";") {
            rest = rest.dropFirst().drop(while: \.isBlank)
            let name = rest.prefix { $0 != UInt8(ascii: "=") && $0 != UInt8(ascii: ";") }
            rest = rest[name.endIndex...]
            guard rest.first == UInt8(ascii: "=") else { continue }
            rest = rest.dropFirst().drop(while: \.isBlank)
            let value: [UInt8]
            if let quoted = Self.quoted(rest) {
                (value, rest) = quoted
            } else {
                let token = rest.prefix { $0 != UInt8(ascii: ";") }
                rest = rest[token.endIndex...]
                value = Array(token.trimmingBlanks)
            }
            parameters.append((String(decoding: name.trimmingBlanks, as: UTF8.self).lowercased(), value))
        }
    }

    /// The first parameter of that name, in lowercase. The bytes are as they were sent, without quotes.
    subscript(name: String) -> [UInt8]? { parameters.first { $0.name == name }?.value }

    /// Reads a quoted text.
    ///
    /// - Returns: the text, and what follows it; nil if there is none. If it has no end, a backslash in it is a character like
    ///   any other, as it is for a browser that sends `filename="C:\"`.
    private static func quoted(_ rest: ArraySlice<UInt8>) -> (value: [UInt8], rest: ArraySlice<UInt8>)? {
        guard rest.first == quote else { return nil }
        return quoted(rest, hasEscapes: true) ?? quoted(rest, hasEscapes: false)
    }

    private static func quoted(
        _ rest: ArraySlice<UInt8>, hasEscapes: Bool
    ) -> (value: [UInt8], rest: ArraySlice<UInt8>)? {
        var value: [UInt8] = []
        var position = rest.startIndex + 1
        while position < rest.endIndex {
            let byte = rest[position]
            let next = position + 1
            if hasEscapes, byte == backslash, next < rest.endIndex, rest[next] == quote || rest[next] == backslash {
                value.append(rest[next])
                position = next + 1
                continue
            }
            if byte == quote {
                let after = rest[next...].drop(while: \.isBlank)
                if after.isEmpty || after.first == UInt8(ascii: ";") { return (value, after) }
            }
            value.append(byte)
            position = next
        }
        return nil
    }

    private static let quote = UInt8(ascii: "\"")
    private static let backslash = UInt8(ascii: "\\")
}

extension UInt8 {
    /// Whether this is a space or a tab.
    var isBlank: Bool { self == UInt8(ascii: " ") || self == UInt8(ascii: "\t") }
}

extension ArraySlice<UInt8> {
    /// Without spaces and tabs at both ends.
    var trimmingBlanks: ArraySlice<UInt8> {
        var rest = drop(while: \.isBlank)
        while rest.last?.isBlank == true { rest.removeLast() }
        return rest
    }
}
