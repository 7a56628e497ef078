internal import CTurboJPEG

/// Writes opaque bitmaps as JPEGs.
struct JPEGWriter: ~Copyable {
    struct Quality: Equatable, Sendable {
        /// libjpeg's quality, 1 to 100.
        let level: CInt
        /// Whether colour has the same resolution as brightness, so that coloured lines and text stay sharp.
        let isFullColor: Bool
    }

    enum Effort: Sendable {
        /// The fast encoding, for estimating the size.
        case quick
        /// The progressive encoding with tables made for the image. It takes a tenth fewer bytes, and three times as
        /// long.
        case whole
    }

    private let handle: tjhandle
    /// The flags, which never change: libjpeg would use the tables that it made for one image for later images that
    /// need none of their own.
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
        // The bitmap is valid, so the only possible error is a lack of memory.
        guard status == 0, let bytes else { throw .outOfMemory }
        return Array(UnsafeBufferPointer(start: bytes, count: Int(count)))
    }
}
