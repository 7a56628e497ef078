internal import CTurboJPEG

/// Decodes all entropy-coded data of a JPEG, at full size or at a fraction of it.
///
/// TurboJPEG catches libjpeg's longjmp itself, so no shim is needed.
struct JPEGReader: ~Copyable {
    /// The divisor of each side. libjpeg scales in the frequency domain, so decoding takes only the memory of the small
    /// image.
    enum Scale: Int, CaseIterable, Comparable {
        case full = 1
        case half = 2
        case quarter = 4
        case eighth = 8

        static func < (one: Self, other: Self) -> Bool { one.rawValue < other.rawValue }

        func size(of size: PixelSize) -> PixelSize {
            PixelSize(width: (size.width + rawValue - 1) / rawValue, height: (size.height + rawValue - 1) / rawValue)
        }
    }

    private let handle: tjhandle

    init() throws(ImageGateError) {
        guard let handle = tjInitDecompress() else { throw .outOfMemory }
        self.handle = handle
    }

    deinit { tjDestroy(handle) }

    /// - Parameter profile: of CMYK, by which it becomes RGB. A profile of other colours is left to the caller.
    func bitmap(
        _ bytes: UnsafeBufferPointer<UInt8>, frame: JPEGFrame, scale: Scale, profile: ColorProfile? = nil
    ) throws(ImageGateError) -> Bitmap {
        var width: CInt = 0
        var height: CInt = 0
        var subsampling: CInt = 0
        var colorspace: CInt = 0
        let header = tjDecompressHeader3(
            handle, bytes.baseAddress, UInt(bytes.count), &width, &height, &subsampling, &colorspace)
        // TurboJPEG has names for few kinds of subsampling, and its header fails for the others, which libjpeg decodes.
        if subsampling >= 0 || width <= 0 || colorspace < 0 { try check(header) }
        // Both sizes come from the same field. The buffer below would have the wrong size if they ever differed.
        guard Int(width) == frame.size.width, Int(height) == frame.size.height else {
            throw .malformed(.jpeg, why: "JPEG has two frames")
        }
        let isCMYK = colorspace == TJCS_CMYK.rawValue || colorspace == TJCS_YCCK.rawValue
        let isGrey = colorspace == TJCS_GRAY.rawValue
        let format = isCMYK ? TJPF_CMYK : isGrey ? TJPF_GRAY : TJPF_RGB
        let channels = isCMYK ? 4 : isGrey ? 1 : 3
        let size = scale.size(of: frame.size)
        var status: CInt = 0
        let samples = [UInt8](unsafeUninitializedCapacity: size.area * channels) { out, count in
            // A warning of libjpeg is an error here, because after it libjpeg makes up the pixels that are missing.
            status = tjDecompress2(
                handle, bytes.baseAddress, UInt(bytes.count), out.baseAddress, CInt(size.width),
                CInt(size.width * channels), CInt(size.height), format.rawValue,
                TJFLAG_STOPONWARNING | TJFLAG_LIMITSCANS)
            count = status == 0 ? size.area * channels : 0
        }
        try check(status)
        if isCMYK { return profile?.rgb(invertedCMYK: samples, size) ?? Bitmap(size: size, cmyk: samples) }
        return Bitmap(size: size, layout: isGrey ? .grey : .rgb, samples: samples)
    }

    private func check(_ status: CInt) throws(ImageGateError) {
        guard status != 0 else { return }
        let message = tjGetErrorStr2(handle).map { ImageGateError.readable($0) } ?? "unknown error"
        if message.contains("Insufficient memory") || message.contains("emory allocation") { throw .outOfMemory }
        throw .malformed(.jpeg, why: "JPEG does not decode: \(message)")
    }
}

extension Bitmap {
    /// Converts CMYK to RGB without colour management, by subtracting ink from white. The samples are inverted, as
    /// Adobe's programs write them, and as browsers take them whether Adobe's marker is there or not.
    fileprivate init(size: PixelSize, cmyk: [UInt8]) {
        var samples: [UInt8] = []
        samples.reserveCapacity(size.area * 3)
        for start in stride(from: 0, to: cmyk.count, by: 4) {
            let black = Int(cmyk[start + 3])
            for channel in start..<start + 3 { samples.append(UInt8((Int(cmyk[channel]) * black + 127) / 255)) }
        }
        self.init(size: size, layout: .rgb, samples: samples)
    }
}
