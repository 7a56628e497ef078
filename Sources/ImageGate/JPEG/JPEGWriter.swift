internal import CTurboJPEG

/// Writes opaque bitmaps as JPEGs.
struct JPEGWriter: ~Copyable {
    struct Quality: Equatable, Sendable {
        /// libjpeg's, 1 to 100.
        let level: CInt
        /// Colour at the resolution of brightness: coloured lines and text stay sharp.
        let isFullColor: Bool
    }

    enum Effort: Sendable {
        /// To learn the size.
        case quick
        /// Progressive, with tables made for the image: a tenth fewer bytes for three times the work.
        case whole
    }

    private let handle: tjhandle
    /// For good: libjpeg would use the tables made for one image for the next that asks for none of its own.
    private let flags: CInt

    init(_ effort: Effort) throws(ImageGateError) {
        flags = effort == .whole ? TJFLAG_PROGRESSIVE | TJFLAG_ACCURATEDCT : 0
        guard let handle = tjInitCompress() else { throw .outOfMemory }
        self.handle = handle
    }

    deinit { tjDestroy(handle) }

    func write(_ bitmap: Bitmap, quality: Quality) throws(ImageGateError) -> [UInt8] {
        precondition(bitmap.layout != .rgba, "JPEG has no alpha")
        let isGrey = bitmap.layout == .grey
        let subsampling = isGrey ? TJSAMP_GRAY : quality.isFullColor ? TJSAMP_444 : TJSAMP_420
        var bytes: UnsafeMutablePointer<UInt8>?
        var count: UInt = 0
        defer { tjFree(bytes) }
        let status = bitmap.samples.withUnsafeBufferPointer { samples in
            tjCompress2(
                handle, samples.baseAddress, CInt(bitmap.size.width), 0, CInt(bitmap.size.height),
                (isGrey ? TJPF_GRAY : TJPF_RGB).rawValue, &bytes, &count, CInt(subsampling.rawValue), quality.level,
                flags)
        }
        // The bitmap is ours and valid: what can fail is memory.
        guard status == 0, let bytes else { throw .outOfMemory }
        return Array(UnsafeBufferPointer(start: bytes, count: Int(count)))
    }
}
