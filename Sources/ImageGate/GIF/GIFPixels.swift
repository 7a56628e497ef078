/// The decoded pixels of one image, as indices into its palette, in the order in which they are stored (GIF89a,
/// appendix F).
///
/// A code of LZW represents a run of pixels that also occurs in the pixels decoded before. The table therefore contains
/// the start and the length of each run, and no chains of prefixes.
struct GIFPixels {
    private struct Run {
        var start: Int
        var count: Int
    }

    private let frame: GIFFile.Frame
    private var pixels: [UInt8] = []
    /// The runs, indexed by code. The entries of single pixels, of the clear code and of the end code are not used.
    private var runs = [Run](repeating: Run(start: 0, count: 0), count: codeLimit)
    private var nextCode = 0
    private var width = 0
    private var last: Run?

    private var clearCode: Int { 1 << frame.codeWidth }
    private var endCode: Int { clearCode + 1 }

    private static let codeLimit = 1 << 12

    static func unpacked(
        _ frame: GIFFile.Frame, of bytes: [UInt8], _ cancellation: Cancellation
    ) throws(ImageGateError) -> [UInt8] {
        var pixels = GIFPixels(frame)
        try pixels.unpack(GIFCodes(bytes, start: frame.dataStart), cancellation)
        return pixels.pixels
    }

    private init(_ frame: GIFFile.Frame) {
        self.frame = frame
        // The kernel provides memory only when it is written, so pixels that a file claims and does not have cost
        // nothing.
        pixels.reserveCapacity(frame.size.area)
        clear()
    }

    private mutating func clear() {
        nextCode = endCode + 1
        width = frame.codeWidth + 1
        last = nil
    }

    private mutating func unpack(_ codes: GIFCodes, _ cancellation: Cancellation) throws(ImageGateError) {
        var codes = codes
        var count = 0
        while let code = codes.next(width: width) {
            count += 1
            if count.isMultiple(of: 1 << 12) { try cancellation.check() }
            if code == clearCode {
                clear()
            } else if code != endCode {
                try unpack(code)
            } else {
                guard pixels.count == frame.size.area else { throw .malformed(.gif, why: "GIF has too few pixels") }
                // Some encoders write one byte after the last byte with pixels.
                guard codes.rest() <= 1 else { throw .malformed(.gif, why: "GIF has data after its last pixel") }
                return
            }
        }
        throw .malformed(.gif, why: "GIF has an image that does not end")
    }

    private mutating func unpack(_ code: Int) throws(ImageGateError) {
        let start = pixels.count
        // The new entry is the last run and the first pixel of this one. It is entered first, because this very code
        // may refer to it.
        if let last, nextCode < Self.codeLimit {
            runs[nextCode] = Run(start: last.start, count: last.count + 1)
            nextCode += 1
        }
        guard code < nextCode else { throw .malformed(.gif, why: "GIF has a code out of range") }
        let count = code < clearCode ? 1 : runs[code].count
        guard count <= frame.size.area - start else { throw .malformed(.gif, why: "GIF has too many pixels") }
        if code < clearCode {
            pixels.append(UInt8(code))
        } else {
            // The copy goes pixel by pixel, because the run may end in pixels that the copy itself appends.
            for index in runs[code].start..<runs[code].start + count { pixels.append(pixels[index]) }
        }
        last = Run(start: start, count: count)
        if nextCode == 1 << width, nextCode < Self.codeLimit { width += 1 }
    }
}
