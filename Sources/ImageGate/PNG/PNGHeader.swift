/// The chunk IHDR (PNG Third Edition, section 11.2.1).
struct PNGHeader: Equatable, Sendable {
    let size: PixelSize
    let bitDepth: UInt8
    let colorType: UInt8
    let isInterlaced: Bool

    init(_ bytes: [UInt8], _ chunk: PNGChunkList.Chunk) throws(ImageGateError) {
        guard chunk.name == "IHDR", chunk.data.count == 13 else {
            throw .malformed(.png, why: "PNG does not begin with its header")
        }
        let start = chunk.data.lowerBound
        size = PixelSize(width: Int(bytes.bigEndian32(at: start)), height: Int(bytes.bigEndian32(at: start + 4)))
        bitDepth = bytes[start + 8]
        colorType = bytes[start + 9]
        // libpng checks the other fields, and whether the fields agree with each other.
        isInterlaced = bytes[start + 12] != 0
        guard size.width < 1 << 31, size.height < 1 << 31 else {
            throw .malformed(.png, why: "PNG header has a side that no PNG can have")
        }
    }

    var hasPalette: Bool { colorType == 3 }

    /// The sizes of the passes of an interlaced image, each of which is a smaller image; otherwise the size of the
    /// image.
    var passes: [PixelSize] { isInterlaced ? PNGReader.Pass.all(of: size).map(\.size) : [size] }

    /// Returns the number of bytes of a stored row, without the filter byte.
    func rowBytes(width: Int) -> Int {
        let channels = [2: 3, 4: 2, 6: 4][colorType] ?? 1
        return (width * channels * Int(bitDepth) + 7) / 8
    }
}
