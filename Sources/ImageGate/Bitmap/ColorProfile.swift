internal import CImage
internal import CLCMS

/// The colours of an image that are not sRGB's, from an ICC profile or from PNG's chunks cICP and cHRM.
///
/// Pixels that are written anew are converted to sRGB. The library runs where images are decoded, so in a confined
/// process: a profile is as hostile as an image.
struct ColorProfile {
    private enum Source {
        case icc([UInt8])
        /// Codes of ITU-T H.273.
        case codes(primaries: UInt8, transfer: UInt8)
        case highRange(HighDynamicRange)
        /// Chromaticities of white, red, green and blue, with sRGB's curve.
        case corners([cmsCIExyY])
    }

    private let source: Source

    /// The largest number of bytes. Profiles of printers have one or two million.
    static let limit = 4 << 20

    init?(icc bytes: [UInt8]) {
        guard (132...Self.limit).contains(bytes.count), bytes[36..<40].elementsEqual("acsp".utf8) else { return nil }
        source = .icc(bytes)
    }

    /// Reads the profile from PNG's chunk iCCP, as `ICCProfile` does, but a large one as well.
    init?(chunk data: ArraySlice<UInt8>) {
        guard let nameEnd = data.prefix(80).firstIndex(of: 0), nameEnd > data.startIndex,
            data[nameEnd...].dropFirst().first == 0
        else { return nil }
        let compressed = data[(nameEnd + 2)...]
        let profile = [UInt8](unsafeUninitializedCapacity: Self.limit) { out, count in
            count = Self.limit
            let status = compressed.withUnsafeBufferPointer { compressed in
                guard let input = compressed.baseAddress, let out = out.baseAddress else {
                    return cimage_status.malformed
                }
                return cimage_inflate(input, compressed.count, out, &count)
            }
            if status != .ok { count = 0 }
        }
        self.init(icc: profile)
    }

    /// Reads PNG's chunk cICP (PNG Third Edition, section 11.3.2.6).
    init?(codes data: ArraySlice<UInt8>) {
        let codes = Array(data)
        if codes.count == 4, codes[2] == 0, codes[3] == 1,
            let range = HighDynamicRange(primaries: codes[0], transfer: codes[1])
        {
            source = .highRange(range)
            return
        }
        guard codes.count == 4, codes[2] == 0, codes[3] == 1, [1, 9, 11, 12].contains(codes[0]),
            [1, 6, 8, 13, 14, 15].contains(codes[1])
        else { return nil }
        source = .codes(primaries: codes[0], transfer: codes[1])
    }

    /// Reads PNG's chunk cHRM (PNG Third Edition, section 11.3.2.1).
    init?(corners data: ArraySlice<UInt8>) {
        guard data.count == 32 else { return nil }
        let bytes = Array(data)
        let numbers = (0..<8).map { Double(bytes.bigEndian32(at: 4 * $0)) / 100_000 }
        let points = (0..<4).map { cmsCIExyY(x: numbers[2 * $0], y: numbers[2 * $0 + 1], Y: 1) }
        guard points.allSatisfy({ (0...1).contains($0.x) && (0.001...1).contains($0.y) }) else { return nil }
        source = .corners(points)
    }

    /// Makes sRGB's profile, for which the library asks for the time, and the system for its zone, before a process is
    /// confined.
    static func warmUp() { cmsCloseProfile(cmsCreate_sRGBProfile()) }

    /// The library's profile; nil if it is malformed. The caller closes it.
    private func open() -> cmsHPROFILE? {
        switch source {
        case .icc(let bytes): return bytes.withUnsafeBytes { cmsOpenProfileFromMem($0.baseAddress, UInt32($0.count)) }
        case .highRange: return nil
        case .corners(let points):
            guard let curve = cmsBuildParametricToneCurve(nil, 4, Self.sRGBCurve) else { return nil }
            defer { cmsFreeToneCurve(curve) }
            var (white, curves) = (points[0], [curve, curve, curve] as [OpaquePointer?])
            var corners = cmsCIExyYTRIPLE(Red: points[1], Green: points[2], Blue: points[3])
            return cmsCreateRGBProfile(&white, &corners, &curves)
        case .codes(let primaries, let transfer):
            var white = cmsCIExyY(x: 0.3127, y: 0.3290, Y: 1)
            func point(_ x: Double, _ y: Double) -> cmsCIExyY { cmsCIExyY(x: x, y: y, Y: 1) }
            var corners =
                switch primaries {
                case 9: cmsCIExyYTRIPLE(Red: point(0.708, 0.292), Green: point(0.17, 0.797), Blue: point(0.131, 0.046))
                case 1: cmsCIExyYTRIPLE(Red: point(0.64, 0.33), Green: point(0.3, 0.6), Blue: point(0.15, 0.06))
                default: cmsCIExyYTRIPLE(Red: point(0.68, 0.32), Green: point(0.265, 0.69), Blue: point(0.15, 0.06))
                }
            let parameters: [Double] =
                switch transfer {
                case 8: [1, 1, 0, 0, 0]
                case 13: Self.sRGBCurve
                default: [1 / 0.45, 1 / 1.099, 0.099 / 1.099, 1 / 4.5, 0.081]
                }
            guard let curve = cmsBuildParametricToneCurve(nil, 4, parameters) else { return nil }
            defer { cmsFreeToneCurve(curve) }
            var curves: [OpaquePointer?] = [curve, curve, curve]
            return cmsCreateRGBProfile(&white, &corners, &curves)
        }
    }

    private static let sRGBCurve = [2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045]

    /// Returns the pixels of CMYK in sRGB; nil if the profile is not for CMYK.
    ///
    /// - Parameter samples: inverted, so that 255 is no ink.
    func rgb(invertedCMYK samples: [UInt8], _ size: PixelSize) -> Bitmap? {
        guard let profile = open() else { return nil }
        defer { cmsCloseProfile(profile) }
        guard cmsGetColorSpace(profile) == cmsSigCmykData, let sRGB = cmsCreate_sRGBProfile() else { return nil }
        defer { cmsCloseProfile(sRGB) }
        guard
            let transform = cmsCreateTransform(
                profile, Self.invertedCMYK, sRGB, Self.rgb, UInt32(INTENT_PERCEPTUAL), 0)
        else { return nil }
        defer { cmsDeleteTransform(transform) }
        let converted = [UInt8](unsafeUninitializedCapacity: size.area * 3) { out, count in
            cmsDoTransform(transform, samples, out.baseAddress, UInt32(size.area))
            count = size.area * 3
        }
        return Bitmap(size: size, layout: .rgb, samples: converted)
    }

    /// Runs `body` with a function that converts samples to sRGB, pixel by pixel from one buffer to the other; nil if
    /// the profile is not for such pixels, or means what sRGB means.
    fileprivate func withConversion<Value>(
        _ layout: Bitmap.Layout, _ body: ((UnsafeRawPointer, UnsafeMutableRawPointer, Int) -> Void) -> Value
    ) -> Value? {
        if case .highRange(let range) = source {
            return body { input, output, count in
                range.convert(
                    input.assumingMemoryBound(to: UInt8.self), output.assumingMemoryBound(to: UInt8.self), count,
                    channels: layout.channels)
            }
        }
        guard let profile = open() else { return nil }
        defer { cmsCloseProfile(profile) }
        let isGrey = layout == .grey
        guard cmsGetColorSpace(profile) == (isGrey ? cmsSigGrayData : cmsSigRgbData), let sRGB = cmsCreate_sRGBProfile()
        else { return nil }
        defer { cmsCloseProfile(sRGB) }
        let format = layout == .rgba ? Self.rgba : isGrey ? Self.grey : Self.rgb
        guard
            let transform = cmsCreateTransform(
                profile, format, sRGB, isGrey ? Self.rgb : format, UInt32(INTENT_PERCEPTUAL), 0)
        else { return nil }
        defer { cmsDeleteTransform(transform) }
        let convert = { (input: UnsafeRawPointer, output: UnsafeMutableRawPointer, count: Int) in
            cmsDoTransform(transform, input, output, UInt32(count))
        }
        guard !Self.isIdentity(layout, convert) else { return nil }
        return body(convert)
    }

    /// Whether colours from all over stay as they are, but for what rounding does.
    private static func isIdentity(
        _ layout: Bitmap.Layout, _ convert: (UnsafeRawPointer, UnsafeMutableRawPointer, Int) -> Void
    ) -> Bool {
        let steps: [UInt8] = [0, 32, 64, 96, 128, 160, 192, 224, 255]
        let samples: [UInt8] =
            layout == .grey
            ? steps
            : steps.flatMap { red in
                steps.flatMap { green in
                    steps.flatMap { blue in [red, green, blue] + (layout == .rgba ? [255] : []) }
                }
            }
        let count = samples.count / layout.channels
        var converted = layout == .grey ? steps.flatMap { [$0, $0, $0] } : samples
        let expected = converted
        convert(samples, &converted, count)
        return zip(converted, expected).allSatisfy { abs(Int($0) - Int($1)) <= 2 }
    }

    // The library's formats are macros that Swift does not see: the colour space, extra channels, channels and bytes.
    private static let grey = UInt32(PT_GRAY) << 16 | 1 << 3 | 1
    private static let rgb = UInt32(PT_RGB) << 16 | 3 << 3 | 1
    private static let invertedCMYK = UInt32(PT_CMYK) << 16 | 1 << 13 | 4 << 3 | 1
    private static let rgba = UInt32(PT_RGB) << 16 | 1 << 7 | 3 << 3 | 1

    /// Whether colours change if the profile is left out.
    func matters(for layout: Bitmap.Layout) -> Bool { withConversion(layout) { _ in true } ?? false }
}

extension Bitmap {
    /// Returns the bitmap in sRGB. A profile that is malformed, or for other pixels, is left out, as viewers do.
    func converted(from profile: ColorProfile?) -> Bitmap {
        guard let profile else { return self }
        let converted = profile.withConversion(layout) { convert -> Bitmap in
            // Alpha stays as it is in the buffer.
            var output = layout == .grey ? [UInt8](repeating: 0, count: 3 * size.area) : samples
            convert(samples, &output, size.area)
            // A grey stays one in sRGB.
            let samples = layout == .grey ? stride(from: 1, to: output.count, by: 3).map { output[$0] } : output
            return Bitmap(size: size, layout: layout, samples: samples)
        }
        return converted ?? self
    }
}
