internal import Foundation

/// One message of a Connect stream: flags, length, payload. Protocol.md, 4.2.
struct ConnectEnvelope: Equatable, Sendable {
    enum ParseError: Error, Equatable, Sendable {
        case truncated, compressed
        case tooLarge(Int)
    }

    static let headerSize = 5
    private static let compressedFlag: UInt8 = 0x01
    private static let endFlag: UInt8 = 0x02

    var payload: [UInt8]
    /// Whether it is the last one, whose payload is `{}` or an error.
    var isEnd = false

    var bytes: [UInt8] {
        let count = UInt32(payload.count)
        let length = [UInt8(truncatingIfNeeded: count >> 24), UInt8(truncatingIfNeeded: count >> 16)]
        let rest = [UInt8(truncatingIfNeeded: count >> 8), UInt8(truncatingIfNeeded: count)]
        return [isEnd ? Self.endFlag : 0] + length + rest + payload
    }

    /// Whether `bytes` begin with the last envelope of a stream.
    static func isEnd(_ bytes: [UInt8]) -> Bool {
        bytes.first.map { $0 & endFlag != 0 } ?? false
    }

    /// The end of a stream without an error.
    static var success: ConnectEnvelope {
        ConnectEnvelope(payload: Array("{}".utf8), isEnd: true)
    }

    static func failure(_ error: ConnectError) -> ConnectEnvelope {
        // An error is two strings and always encodes.
        let payload = (try? JSONEncoder.plain.encode(["error": error])) ?? Data("{}".utf8)
        return ConnectEnvelope(payload: [UInt8](payload), isEnd: true)
    }

    /// All envelopes of a request's body.
    static func all(in body: [UInt8], limit: Int) throws(ParseError) -> [ConnectEnvelope] {
        var envelopes: [ConnectEnvelope] = []
        var rest = body[...]
        while !rest.isEmpty {
            guard rest.count >= headerSize else { throw .truncated }
            let header = rest.prefix(headerSize)
            let length = header.dropFirst().reduce(0) { $0 << 8 | Int($1) }
            guard header[header.startIndex] & compressedFlag == 0 else { throw .compressed }
            guard length <= limit else { throw .tooLarge(length) }
            rest = rest.dropFirst(headerSize)
            guard rest.count >= length else { throw .truncated }
            envelopes.append(
                ConnectEnvelope(
                    payload: [UInt8](rest.prefix(length)), isEnd: header[header.startIndex] & endFlag != 0))
            rest = rest.dropFirst(length)
        }
        return envelopes
    }
}
