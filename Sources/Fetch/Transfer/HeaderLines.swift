/// Header lines as they have arrived, one after the other.
struct HeaderLines: Equatable {
    private var bytes: [UInt8] = []

    init() {}

    init(_ fields: [String: String]) {
        for (name, value) in fields { Array("\(name): \(value)".utf8).withUnsafeBytes { append($0) } }
    }

    /// Compares the parsed fields.
    static func == (one: Self, other: Self) -> Bool { one.fields == other.fields }

    /// - Parameter line: a line without its line end.
    mutating func append(_ line: UnsafeRawBufferPointer) {
        // A response head of E2B has some 300 bytes.
        if bytes.isEmpty { bytes.reserveCapacity(512) }
        bytes.append(contentsOf: line)
        bytes.append(UInt8(ascii: "\n"))
    }

    mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }

    /// The parsed fields, with names in lower case; a repeated field has its last value.
    var fields: [String: String] {
        var fields: [String: String] = [:]
        for line in bytes.split(separator: UInt8(ascii: "\n")) {
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { continue }
            let name = String(decoding: line[..<colon].map(Self.lowercased), as: UTF8.self)
            let value = line[(colon + 1)...]
            guard let start = value.firstIndex(where: { !$0.isSpace }),
                let end = value.lastIndex(where: { !$0.isSpace })
            else {
                fields[name] = ""
                continue
            }
            fields[name] = String(decoding: value[start...end], as: UTF8.self)
        }
        return fields
    }

    private static func lowercased(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
    }
}

extension UInt8 {
    var isSpace: Bool { self == 0x20 || (0x09...0x0d).contains(self) }
}
