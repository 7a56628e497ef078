/// `FCGI_PARAMS`: names and values, each with its length before it (FastCGI 1.0, section 3.4).
enum Params {
    /// Reads all names and values.
    ///
    /// - If a name occurs twice, the last value counts, as a later line of a web server's configuration overrides an
    ///   earlier one.
    /// - A name and a value are read as a C program reads `NAME=value` from its environment: both end at a zero byte,
    ///   and the first `=` ends the name. A name that contains a zero byte is dropped.
    /// - Bytes that are not UTF-8 become U+FFFD.
    ///
    /// - Returns: nil if the lengths do not add up to the number of bytes.
    static func read(_ bytes: UnsafeRawBufferPointer) -> [String: String]? {
        var params: [String: String] = [:]
        params.reserveCapacity(48)
        var position = 0
        while position < bytes.count {
            guard let nameLength = length(in: bytes, at: &position),
                let valueLength = length(in: bytes, at: &position),
                nameLength + valueLength <= bytes.count - position
            else { return nil }
            let name = bytes[position..<position + nameLength]
            position += nameLength
            let value = bytes[position..<position + valueLength]
            position += valueLength
            if name.contains(where: { $0 == 0 || $0 == UInt8(ascii: "=") }) {
                let variable = (Array(name) + [UInt8(ascii: "=")] + value).prefix { $0 != 0 }
                guard let equals = variable.firstIndex(of: UInt8(ascii: "=")) else { continue }
                params[String(decoding: variable[..<equals], as: UTF8.self)] =
                    String(decoding: variable[(equals + 1)...], as: UTF8.self)
            } else {
                let value = value.prefix { $0 != 0 }
                params[String(decoding: UnsafeRawBufferPointer(rebasing: name), as: UTF8.self)] =
                    String(decoding: UnsafeRawBufferPointer(rebasing: value), as: UTF8.self)
            }
        }
        return params
    }

    /// Reads a length: one byte below 128, or four bytes of which the highest bit is set.
    ///
    /// - Returns: nil if the bytes end within the length.
    private static func length(in bytes: UnsafeRawBufferPointer, at position: inout Int) -> Int? {
        guard position < bytes.count else { return nil }
        let first = bytes[position]
        position += 1
        guard first >= 0x80 else { return Int(first) }
        guard bytes.count - position >= 3 else { return nil }
        defer { position += 3 }
        return bytes[position..<position + 3].reduce(Int(first & 0x7f)) { $0 << 8 | Int($1) }
    }
}
