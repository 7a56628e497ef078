/// The structure of a GIF, read once from the first block to the trailer: the place of its first image, and how that
/// image is shown. https://www.w3.org/Graphics/GIF/spec-gif89a.txt
///
/// Only the first image is decoded. The others are skipped block by block, so that a truncated animation is detected.
struct GIFFile: Sendable {
    /// An image descriptor (section 20), and the graphic control extension before it (section 23).
    struct Frame: Sendable {
        let left: Int
        let top: Int
        let size: PixelSize
        let isInterlaced: Bool
        /// The red, green and blue sample of each colour.
        let palette: ArraySlice<UInt8>
        let transparentIndex: UInt8?
        /// The width of a pixel's index in bits. LZW codes begin one bit wider.
        let codeWidth: Int
        /// The offset of the first sub-block with pixels.
        let dataStart: Int
    }

    /// The size of the logical screen, or of as much as the first image needs. Some encoders write a screen of no pixels.
    private(set) var size: PixelSize
    private(set) var first: Frame
    private(set) var frameCount = 0

    var isAnimated: Bool { frameCount > 1 }

    private enum Block {
        static let `extension`: UInt8 = 0x21
        static let image: UInt8 = 0x2C
        static let trailer: UInt8 = 0x3B
        /// The label of a graphic control extension, which follows the extension's first byte.
        static let graphicControl: UInt8 = 0xF9
    }

    /// - Parameter checkSize: called as soon as the screen's size is known, before the rest is read.
    init(_ bytes: [UInt8], checkSize: (PixelSize) throws(ImageGateError) -> Void) throws(ImageGateError) {
        var walker = GIFWalker(bytes)
        try walker.skip(6)
        size = PixelSize(width: try walker.number(), height: try walker.number())
        let flags = try walker.byte()
        // These bytes are the background colour and the pixel aspect ratio, which viewers ignore.
        try walker.skip(2)
        if size.area > 0 { try checkSize(size) }
        let globalPalette = try walker.palette(flags)
        var first: Frame?
        var transparentIndex: UInt8?
        while true {
            switch try walker.byte() {
            case Block.extension:
                if try walker.byte() == Block.graphicControl {
                    transparentIndex = try walker.transparentIndex()
                } else {
                    try walker.skipSubBlocks()
                }
            case Block.image:
                let frame = try walker.frame(globalPalette, transparentIndex)
                if first == nil {
                    first = frame
                    size = PixelSize(
                        width: max(size.width, frame.left + frame.size.width),
                        height: max(size.height, frame.top + frame.size.height))
                    try checkSize(size)
                }
                frameCount += 1
                // A graphic control extension applies to the next image only.
                transparentIndex = nil
            case Block.trailer:
                guard let first else { throw .malformed(.gif, why: "GIF has no image") }
                self.first = first
                try check()
                return
            default: throw .malformed(.gif, why: "GIF has a block that viewers do not know")
            }
        }
    }

    private func check() throws(ImageGateError) {
        guard first.size.width > 0, first.size.height > 0 else {
            throw .malformed(.gif, why: "GIF has an image without pixels")
        }
        guard !first.palette.isEmpty else { throw .malformed(.gif, why: "GIF has an image without a palette") }
        guard (2...8).contains(first.codeWidth) else {
            throw .malformed(.gif, why: "GIF has codes of a width that no GIF can have")
        }
    }
}

/// Reads a GIF field by field.
private struct GIFWalker {
    private let bytes: [UInt8]
    private(set) var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    mutating func skip(_ count: Int) throws(ImageGateError) {
        guard count <= bytes.count - position else { throw .truncated(.gif) }
        position += count
    }

    mutating func byte() throws(ImageGateError) -> UInt8 {
        try skip(1)
        return bytes[position - 1]
    }

    mutating func number() throws(ImageGateError) -> Int { Int(try byte()) | Int(try byte()) << 8 }

    mutating func skipSubBlocks() throws(ImageGateError) {
        while case let count = try byte(), count > 0 { try skip(Int(count)) }
    }

    /// Reads a palette; it is empty if the flags announce none.
    mutating func palette(_ flags: UInt8) throws(ImageGateError) -> ArraySlice<UInt8> {
        guard flags & 0x80 != 0 else { return [] }
        let count = 3 << (Int(flags & 7) + 1)
        try skip(count)
        return bytes[position - count..<position]
    }

    mutating func transparentIndex() throws(ImageGateError) -> UInt8? {
        guard try byte() == 4 else { throw .malformed(.gif, why: "GIF has a graphic control of the wrong length") }
        let flags = try byte()
        // These bytes are the delay until the next image.
        try skip(2)
        let index = try byte()
        guard try byte() == 0 else { throw .malformed(.gif, why: "GIF has a graphic control of the wrong length") }
        return flags & 1 != 0 ? index : nil
    }

    mutating func frame(
        _ globalPalette: ArraySlice<UInt8>, _ transparentIndex: UInt8?
    ) throws(ImageGateError) -> GIFFile.Frame {
        let (left, top) = (try number(), try number())
        let size = PixelSize(width: try number(), height: try number())
        let flags = try byte()
        let palette = try palette(flags)
        let codeWidth = Int(try byte())
        let dataStart = position
        try skipSubBlocks()
        return GIFFile.Frame(
            left: left, top: top, size: size, isInterlaced: flags & 0x40 != 0,
            palette: palette.isEmpty ? globalPalette : palette, transparentIndex: transparentIndex,
            codeWidth: codeWidth, dataStart: dataStart)
    }
}
