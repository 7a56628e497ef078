/// The chunks of a WebP, read once to find its first image.
/// https://developers.google.com/speed/webp/docs/riff_container
///
/// The decoder gets only that image. Metadata, unknown chunks and the other frames are skipped.
struct WebPFile: Sendable {
    /// An image, and its place on the canvas.
    struct Frame: Sendable {
        let left: Int
        let top: Int
        /// The size of the frame; nil if it is the size of the image itself.
        let size: PixelSize?
        /// The range of the image's chunks: the chunk of its alpha channel, if there is one, and the chunk of its
        /// pixels.
        let image: Range<Int>
    }

    /// The size of the canvas; nil if it is the size of the image itself.
    private(set) var canvas: PixelSize?
    private(set) var first: Frame
    private(set) var frameCount = 0
    /// The orientation of the canvas.
    private(set) var orientation = Orientation.upright
    private(set) var profile: ColorProfile?

    var isAnimated: Bool { frameCount > 1 }

    /// The bits of the feature flags. A feature that no flag announces is ignored.
    private static let animation: UInt8 = 0x02
    private static let exif: UInt8 = 0x08
    private static let icc: UInt8 = 0x20

    /// - Parameter checkSize: called as soon as a canvas is known, before the rest is read.
    init(_ bytes: [UInt8], checkSize: (PixelSize) throws(ImageGateError) -> Void) throws(ImageGateError) {
        var walker = WebPWalker(bytes, 12..<(try Self.count(bytes)))
        var hasFrames = false
        var awaitsExif = false
        var awaitsProfile = false
        var image = WebPImageChunks()
        var first: Frame?
        var isFirstChunk = true
        while let chunk = try walker.next() {
            switch chunk.name {
            case "VP8X" where isFirstChunk:
                guard chunk.payload.count == 10 else {
                    throw .malformed(.webp, why: "WebP has a header of the wrong length")
                }
                let flags = bytes[chunk.payload.lowerBound]
                hasFrames = flags & Self.animation != 0
                awaitsExif = flags & Self.exif != 0
                awaitsProfile = flags & Self.icc != 0
                let size = bytes.size24(at: chunk.payload.lowerBound + 4)
                try checkSize(size)
                canvas = size
            case "ANMF" where hasFrames:
                let frame = try Self.frame(bytes, chunk.payload)
                if first == nil { first = frame }
                frameCount += 1
            case "ALPH" where !hasFrames, "VP8 " where !hasFrames, "VP8L" where !hasFrames:
                guard canvas != nil || isFirstChunk else { throw Self.misplaced }
                try image.add(chunk)
            case "VP8X", "ANMF", "ALPH", "VP8 ", "VP8L": throw Self.misplaced
            case "ICCP" where awaitsProfile:
                awaitsProfile = false
                profile = ColorProfile(icc: Array(bytes[chunk.payload].prefix(ColorProfile.limit + 1)))
            case "EXIF" where awaitsExif:
                // Only the first such chunk counts, and a malformed one is ignored.
                awaitsExif = false
                orientation = Self.orientation(bytes[chunk.payload])
            default:
                guard !isFirstChunk else { throw .malformed(.webp, why: "WebP does not begin with an image") }
            }
            isFirstChunk = false
        }
        if let range = image.range {
            first = Frame(left: 0, top: 0, size: canvas, image: range)
            frameCount = 1
        }
        guard let first else { throw .malformed(.webp, why: "WebP has no image") }
        self.first = first
    }

    /// Reads Exif with or without the prefix that it has in a JPEG, because some writers put the prefix here as well.
    private static func orientation(_ exif: ArraySlice<UInt8>) -> Orientation {
        let exif = exif.prefix(exifLimit)
        return Orientation(tiff: exif) ?? Orientation(exif: exif) ?? .upright
    }

    /// The largest number of bytes of Exif that are read: as many as fit into a JPEG's segment.
    private static let exifLimit = 1 << 16

    private static let misplaced = ImageGateError.malformed(.webp, why: "WebP has a chunk out of place")

    /// The container's own length, which is at most the file's. What follows it belongs to nothing.
    private static func count(_ bytes: [UInt8]) throws(ImageGateError) -> Int {
        guard bytes.count >= 12 else { throw .truncated(.webp) }
        let count = 8 + bytes.littleEndian(4, at: 4)
        guard count.isMultiple(of: 2), count >= 12 else {
            throw .malformed(.webp, why: "WebP has a length that no WebP can have")
        }
        guard count <= bytes.count else { throw .truncated(.webp) }
        return count
    }

    private static func frame(_ bytes: [UInt8], _ payload: Range<Int>) throws(ImageGateError) -> Frame {
        guard payload.count >= 16 else { throw .malformed(.webp, why: "WebP has a frame of the wrong length") }
        let start = payload.lowerBound
        var image = WebPImageChunks()
        var walker = WebPWalker(bytes, start + 16..<payload.upperBound)
        while let chunk = try walker.next() {
            if ["ALPH", "VP8 ", "VP8L"].contains(chunk.name) { try image.add(chunk) }
        }
        guard let range = image.range else { throw .malformed(.webp, why: "WebP has a frame without an image") }
        return Frame(
            left: 2 * bytes.littleEndian(3, at: start), top: 2 * bytes.littleEndian(3, at: start + 3),
            size: bytes.size24(at: start + 6), image: range)
    }
}

/// Collects the one or two chunks of which an image consists.
private struct WebPImageChunks {
    private var alpha: WebPWalker.Chunk?
    /// The range of the chunks; nil until the image is complete.
    private(set) var range: Range<Int>?

    mutating func add(_ chunk: WebPWalker.Chunk) throws(ImageGateError) {
        guard range == nil else { throw .malformed(.webp, why: "WebP has two images in one place") }
        switch (chunk.name, alpha) {
        case ("ALPH", nil): alpha = chunk
        case ("VP8 ", let alpha?) where alpha.end == chunk.range.lowerBound:
            range = alpha.range.lowerBound..<chunk.range.upperBound
        case ("VP8 ", nil), ("VP8L", nil): range = chunk.range
        default: throw .malformed(.webp, why: "WebP has an alpha channel that belongs to nothing")
        }
    }
}

/// Reads a WebP chunk by chunk.
private struct WebPWalker {
    struct Chunk {
        let name: String
        /// The chunk from its name to its last byte, without the padding.
        let range: Range<Int>
        let payload: Range<Int>

        /// The offset of the next chunk.
        var end: Int { range.upperBound + payload.count % 2 }
    }

    private let bytes: [UInt8]
    private var position: Int
    private let end: Int

    init(_ bytes: [UInt8], _ range: Range<Int>) {
        self.bytes = bytes
        position = range.lowerBound
        end = range.upperBound
    }

    /// Reads the next chunk; nil at the end.
    mutating func next() throws(ImageGateError) -> Chunk? {
        guard position < end else { return nil }
        let start = position
        guard end - start >= 8 else { throw Self.tooLong }
        let count = bytes.littleEndian(4, at: start + 4)
        guard count <= end - start - 8 else { throw Self.tooLong }
        let payload = start + 8..<start + 8 + count
        let chunk = Chunk(
            name: String(decoding: bytes[start..<start + 4], as: UTF8.self), range: start..<payload.upperBound,
            payload: payload)
        guard chunk.end <= end else { throw Self.tooLong }
        position = chunk.end
        return chunk
    }

    private static let tooLong = ImageGateError.malformed(.webp, why: "WebP has a chunk that is longer than its place")
}

extension [UInt8] {
    fileprivate func littleEndian(_ count: Int, at start: Int) -> Int {
        self[start..<start + count].reversed().reduce(0) { $0 << 8 | Int($1) }
    }

    /// Reads a size: two fields of 24 bits, each of which holds a side minus one.
    fileprivate func size24(at start: Int) -> PixelSize {
        PixelSize(width: littleEndian(3, at: start) + 1, height: littleEndian(3, at: start + 3) + 1)
    }
}
