internal import CImage

/// The chunks of a PNG, read once, with their lengths, names, CRCs, order and end checked (PNG Third Edition, section
/// 5).
///
/// libpng gets only files that have passed these checks, and an image that is passed on is copied chunk by chunk.
struct PNGChunkList: Sendable {
    struct Chunk: Sendable {
        let name: Name
        /// The whole chunk: length, name, data and CRC.
        let range: Range<Int>

        var data: Range<Int> { range.lowerBound + 8..<range.upperBound - 4 }
    }

    /// The name of a chunk: four ASCII letters.
    struct Name: Equatable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
        let code: UInt32

        init(code: UInt32) { self.code = code }
        init(stringLiteral text: StaticString) {
            code = text.withUTF8Buffer { $0.reduce(0) { $0 << 8 | UInt32($1) } }
        }

        var letters: [UInt8] { [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: code >> UInt32($0)) } }
        var isValid: Bool { letters.allSatisfy { (0x41...0x5A).contains($0 & 0xDF) && $0 & 0x80 == 0 } }
        /// Whether a decoder that does not know the chunk cannot show the image.
        var isCritical: Bool { code & 0x2000_0000 == 0 }
        var description: String { String(decoding: letters, as: UTF8.self) }
    }

    private(set) var header: PNGHeader
    private(set) var chunks: [Chunk] = []
    /// The end of the last IDAT chunk that is not empty.
    private(set) var dataEnd = 0
    /// The number of bytes of data in that IDAT chunk.
    private(set) var lastDataCount = 0

    /// - Parameter checkHeader: called as soon as the header is known, before the rest is read.
    init(
        _ bytes: [UInt8], checkHeader: (PNGHeader) throws(ImageGateError) -> Void
    ) throws(ImageGateError) {
        guard bytes.count >= 8 else { throw .truncated(.png) }
        let first = try Self.chunk(in: bytes, at: 8)
        header = try PNGHeader(bytes, first)
        try checkHeader(header)
        chunks = [first]
        var hasData = false
        while chunks[chunks.count - 1].name != "IEND" {
            guard chunks.count < Self.limit else { throw .malformed(.png, why: "PNG has over \(Self.limit) chunks") }
            let previous = chunks[chunks.count - 1]
            let chunk = try Self.chunk(in: bytes, at: previous.range.upperBound)
            switch chunk.name {
            case "IHDR": throw .malformed(.png, why: "PNG chunk IHDR comes twice")
            case "IDAT":
                guard !hasData || previous.name == "IDAT" else {
                    throw .malformed(.png, why: "PNG chunk IDAT comes after other chunks")
                }
                hasData = true
                if !chunk.data.isEmpty { (dataEnd, lastDataCount) = (chunk.range.upperBound, chunk.data.count) }
            case "IEND":
                guard chunk.data.isEmpty else { throw .malformed(.png, why: "PNG chunk IEND is not empty") }
            case "PLTE", "tRNS":
                // The standard requires these chunks before IDAT, but some decoders use them here as well, so viewers
                // would differ.
                guard !hasData else { throw .malformed(.png, why: "PNG chunk \(chunk.name) comes after the data") }
            default:
                guard !chunk.name.isCritical else {
                    throw .malformed(.png, why: "PNG chunk \(chunk.name) is not known")
                }
            }
            chunks.append(chunk)
        }
        guard hasData else { throw .malformed(.png, why: "PNG has no chunk IDAT") }
    }

    /// The end of the image. What follows it belongs to nothing.
    var end: Int { chunks[chunks.count - 1].range.upperBound }

    /// The largest number of chunks. Encoders write IDATs of 8 kB and more, so 32 MiB have 4,096 of them.
    private static let limit = 1 << 16

    private static func chunk(in bytes: [UInt8], at start: Int) throws(ImageGateError) -> Chunk {
        guard start + 8 <= bytes.count else { throw .truncated(.png) }
        let length = Int(bytes.bigEndian32(at: start))
        let name = Name(code: bytes.bigEndian32(at: start + 4))
        guard name.isValid else { throw .malformed(.png, why: "PNG has a chunk without a name") }
        guard length < 1 << 31 else { throw .malformed(.png, why: "PNG chunk \(name) is longer than a chunk can be") }
        let range = start..<start + 12 + length
        guard range.upperBound <= bytes.count else { throw .truncated(.png) }
        let crc = bytes.withUnsafeBufferPointer { buffer in
            buffer.baseAddress.map { cimage_crc32(0, $0 + start + 4, length + 4) }
        }
        guard crc == bytes.bigEndian32(at: range.upperBound - 4) else {
            throw .malformed(.png, why: "PNG chunk \(name) fails its CRC")
        }
        return Chunk(name: name, range: range)
    }
}

extension [UInt8] {
    func bigEndian32(at index: Int) -> UInt32 {
        self[index..<index + 4].reduce(0) { $0 << 8 | UInt32($1) }
    }
}
