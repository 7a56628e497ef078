import CTurboJPEG
import TestSupport

@testable import ImageGate

extension ImagePolicy {
    /// The service's, but that images keep their ground.
    static let transparent: ImagePolicy = {
        var policy = ImagePolicy()
        policy.ground = .keep
        return policy
    }()

    static func box(_ shortSide: Int, _ longSide: Int, budget: Int = 100_000) -> ImagePolicy {
        var policy = transparent
        policy.shortSide = shortSide
        policy.longSide = longSide
        policy.byteBudget = budget
        return policy
    }
}

/// On the test's own thread: what the gate does, without its threads.
func admit(
    _ bytes: [UInt8], _ claimed: ImageType = .png, policy: ImagePolicy = .transparent
) throws(ImageGateError) -> AdmittedImage {
    try Admission(policy: policy, cancellation: Cancellation()).admit(bytes, claimed: claimed)
}

func rejection(_ bytes: [UInt8], _ claimed: ImageType = .png, policy: ImagePolicy = .transparent) -> ImageGateError? {
    do {
        _ = try admit(bytes, claimed, policy: policy)
        return nil
    } catch {
        return error
    }
}

/// Pixels of a PNG, averaged to a size or as they are.
func decodedPNG(_ bytes: [UInt8], to size: PixelSize? = nil) throws(ImageGateError) -> Bitmap {
    let chunks = try PNGChunkList(bytes) { _ throws(ImageGateError) in }
    return try Admission(policy: .init(), cancellation: Cancellation())
        .bitmap(of: bytes, chunks, size: size ?? chunks.header.size)
}

extension IndexedBitmap {
    /// What a viewer shows.
    func bitmap(_ layout: Bitmap.Layout) -> Bitmap {
        withPixels { pixels in
            let samples = (0..<size.area).flatMap { pixels[$0].samples.prefix(layout.channels) }
            return Bitmap(size: size, layout: layout, samples: samples)
        }
    }
}

func decodedJPEG(_ bytes: [UInt8]) throws(ImageGateError) -> Bitmap {
    let segments = try JPEGSegments(bytes) { _ throws(ImageGateError) in }
    return try bytes.withUnsafeBufferPointer { buffer throws(ImageGateError) in
        try JPEGReader().bitmap(segments.image(in: buffer), frame: segments.frame, scale: .full)
    }
}

func chunkNames(_ bytes: [UInt8]) throws -> [String] {
    try PNGChunkList(bytes) { _ in }.chunks.map(\.name.description)
}

extension Bitmap {
    init(_ width: Int, _ height: Int, _ layout: Layout, _ pixel: (Int, Int) -> [UInt8]) {
        self.init(
            size: PixelSize(width: width, height: height), layout: layout,
            samples: (0..<height).flatMap { y in (0..<width).flatMap { x in pixel(x, y) } })
    }

    /// The samples at a place.
    subscript(x: Int, y: Int) -> [Int] {
        let start = (y * size.width + x) * layout.channels
        return samples[start..<start + layout.channels].map { Int($0) }
    }

    /// As RGBA, whatever the layout.
    func rgba(_ x: Int, _ y: Int) -> [Int] {
        let samples = self[x, y]
        switch layout {
        case .grey: return [samples[0], samples[0], samples[0], 255]
        case .rgb: return samples + [255]
        case .rgba: return samples
        }
    }
}

/// A JPEG with what `JPEGWriter` does not do.
func jpeg(_ bitmap: Bitmap, quality: Int32 = 90, isProgressive: Bool = false) -> [UInt8] {
    turboJPEG(
        bitmap.samples, bitmap.size, bitmap.layout == .grey ? TJPF_GRAY : TJPF_RGB,
        bitmap.layout == .grey ? TJSAMP_GRAY : TJSAMP_444, quality, isProgressive ? TJFLAG_PROGRESSIVE : 0)
}

func turboJPEG(
    _ samples: [UInt8], _ size: PixelSize, _ format: TJPF, _ subsampling: TJSAMP, _ quality: Int32, _ flags: Int32
) -> [UInt8] {
    let handle = tjInitCompress()
    defer { tjDestroy(handle) }
    var bytes: UnsafeMutablePointer<UInt8>?
    var count: UInt = 0
    defer { tjFree(bytes) }
    let status = tjCompress2(
        handle, samples, Int32(size.width), 0, Int32(size.height), format.rawValue, &bytes, &count,
        Int32(subsampling.rawValue), quality, flags)
    precondition(status == 0)
    return Array(UnsafeBufferPointer(start: bytes, count: Int(count)))
}

/// A JPEG segment after SOI.
func inserting(_ marker: UInt8, _ payload: [UInt8], into jpeg: [UInt8]) -> [UInt8] {
    let length = payload.count + 2
    return jpeg[..<2] + [0xFF, marker, UInt8(length >> 8), UInt8(length & 255)] + payload + jpeg[2...]
}

/// Numbers without a pattern, the same in every run.
struct Noise {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed &* 2 &+ 1 }

    mutating func byte() -> UInt8 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return UInt8(truncatingIfNeeded: state >> 56)
    }
}
