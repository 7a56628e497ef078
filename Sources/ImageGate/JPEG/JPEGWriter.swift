internal import CTurboJPEG

/// Writes opaque bitmaps as JPEGs.
struct JPEGWriter: ~Copyable {
    struct Quality: Equatable, Sendable {
        /// libjpeg's, 1 to 100.
        let level: CInt
        /// Colour at the resolution of brightness: coloured lines and text stay sharp.
        let isFullColor: Bool
    }

    private let handle: tjhandle

    init() throws(ImageRejection) {
        guard let handle = tjInitCompress() else { throw .outOfMemory }
        self.handle = handle
    }

    deinit { tjDestroy(handle) }

    func write(_ bitmap: Bitmap, quality: Quality) throws(ImageRejection) -> [UInt8] {
        precondition(bitmap.layout != .rgba, "JPEG has no alpha")
        let isGrey = bitmap.layout == .grey
        let subsampling = isGrey ? TJSAMP_GRAY : quality.isFullColor ? TJSAMP_444 : TJSAMP_420
        var bytes: UnsafeMutablePointer<UInt8>?
        var count: UInt = 0
        defer { tjFree(bytes) }
        let status = bitmap.samples.withUnsafeBufferPointer { samples in
            tjCompress2(
                handle, samples.baseAddress, CInt(bitmap.size.width), 0, CInt(bitmap.size.height),
                (isGrey ? TJPF_GRAY : TJPF_RGB).rawValue, &bytes, &count, CInt(subsampling.rawValue), quality.level, 0)
        }
        // The bitmap is ours and valid: what can fail is memory.
        guard status == 0, let bytes else { throw .outOfMemory }
        return Array(UnsafeBufferPointer(start: bytes, count: Int(count)))
    }
}
