import Testing
import TestSupport

@testable import ImageGate

/// Structure that is right, content that is anything: these get past the CRCs and deep into the decoders.
@Suite(.timeLimit(.minutes(10)))
struct RandomImagesTests {
    @Test(arguments: UInt64(0)..<200)
    func `a PNG of noise is admitted within limits or rejected`(seed: UInt64) throws {
        var noise = Noise(seed)
        let policy = ImagePolicy.box(12, 30, budget: 3000)
        guard let image = try? admit(Self.png(&noise), policy: policy) else { return }
        #expect(min(image.width, image.height) <= 12 && max(image.width, image.height) <= 30)
        #expect(image.bytes.count <= 3000)
        // What the gate makes, the gate passes.
        let again = try admit(image.bytes, image.type, policy: policy)
        #expect(again.treatment == .passed)
        #expect(again.bytes == image.bytes)
    }

    @Test(arguments: UInt64(0)..<400)
    func `a PNG of noise passes if and only if its pixels decode`(seed: UInt64) {
        var noise = Noise(seed)
        let png = Self.png(&noise)
        let rejection = rejection(png)
        #expect((rejection == nil) == ((try? decodedPNG(png)) != nil), "\(String(describing: rejection))")
    }

    /// Any format, size, filters and palette; now and then a filter that there is not, a byte too many or too few, and
    /// ancillary chunks of noise.
    private static func png(_ noise: inout Noise) -> [UInt8] {
        let format = PNGFormat.all[noise.number(PNGFormat.all.count)]
        let (width, height) = (1 + noise.number(70), 1 + noise.number(70))
        let size = PixelSize(width: width, height: height)
        let filters = noise.number(8) == 0 ? 6 : 5
        var raw: [UInt8] = []
        for pass in format.isInterlaced ? PNGReader.Pass.all(of: size).map(\.size) : [size] {
            let rowBytes = (pass.width * format.channels * format.bitDepth + 7) / 8
            for _ in 0..<pass.height { raw += [UInt8(noise.number(filters))] + noise.bytes(rowBytes) }
        }
        if noise.number(16) == 0 { raw.append(0) }
        if noise.number(16) == 0 { raw.removeLast() }
        var extra: [UInt8] = []
        if format.colorType == 3 || noise.number(8) == 0 {
            let colors = noise.number(4) == 0 ? 1 + noise.number(256) : 1 << min(format.bitDepth, 8)
            extra += SampleImages.pngChunk("PLTE", noise.bytes(3 * colors))
        }
        if noise.number(3) == 0 {
            let count = [0: 2, 2: 6, 3: 1 + noise.number(1 << min(format.bitDepth, 8))][Int(format.colorType)] ?? 1
            extra += SampleImages.pngChunk("tRNS", noise.bytes(count))
        }
        if noise.number(3) == 0 {
            extra += SampleImages.pngChunk("gAMA", SampleImages.bigEndian(noise.number(65536) * 5))
        }
        if noise.number(3) == 0 { extra += SampleImages.pngChunk("iCCP", noise.bytes(noise.number(90))) }
        return SampleImages.png(
            header: SampleImages.header(
                width, height, bitDepth: format.bitDepth, colorType: format.colorType, isInterlaced: format.isInterlaced
            ),
            extra: extra, data: SampleImages.zlibStored(raw))
    }
}

extension Noise {
    /// Below `limit`, which is at most 65536.
    mutating func number(_ limit: Int) -> Int { (limit * (Int(byte()) << 8 | Int(byte()))) >> 16 }

    mutating func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in byte() } }
}
