/// The fields of a connection's first HTTP request that decide where it goes. The bytes themselves are passed on
/// unchanged.
struct EdgeHead: Equatable, Sendable {
    enum ParseError: Error, Equatable, Sendable {
        case notHTTP, tooLarge
    }

    /// The largest head in bytes, which is what common servers accept.
    static let limit = 32 << 10

    private(set) var host: String?
    private(set) var sandboxID: String?
    private(set) var sandboxPort: String?

    /// Nil if the head is not complete yet.
    init?(_ bytes: [UInt8]) throws(ParseError) {
        guard let end = Self.end(of: bytes) else {
            guard bytes.count <= Self.limit else { throw .tooLarge }
            return nil
        }
        guard end <= Self.limit else { throw .tooLarge }
        let lines = bytes[..<end].split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: true)
        let request = lines.first.map { String(decoding: $0, as: UTF8.self) } ?? ""
        guard request.trimmingSpace.hasSuffix(" HTTP/1.1") || request.trimmingSpace.hasSuffix(" HTTP/1.0") else {
            throw .notHTTP
        }
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { continue }
            let name = String(decoding: line[..<colon], as: UTF8.self).lowercased()
            let value = String(decoding: line[(colon + 1)...], as: UTF8.self).trimmingSpace
            switch name {
            // The first of repeated fields counts. Servers differ in which they take, and refuse a second Host.
            case "host": host = host ?? value
            case "e2b-sandbox-id": sandboxID = sandboxID ?? value
            case "e2b-sandbox-port": sandboxPort = sandboxPort ?? value
            default: continue
            }
        }
    }

    /// The index of the empty line that ends the head.
    private static func end(of bytes: [UInt8]) -> Int? {
        var lineStart = 0
        while let newline = bytes[lineStart...].firstIndex(of: UInt8(ascii: "\n")) {
            let line = bytes[lineStart..<newline]
            if newline > 0, line.isEmpty || line.elementsEqual([UInt8(ascii: "\r")]) { return lineStart }
            lineStart = newline + 1
        }
        return nil
    }
}

extension String {
    fileprivate var trimmingSpace: String {
        let isSpace = { (character: Character) in character == " " || character == "\t" || character.isNewline }
        return String(drop(while: isSpace).reversed().drop(while: isSpace).reversed())
    }
}
