import CLCMS
import CTurboJPEG
import Testing
import TestSupport

@testable import ImageGate

/// What a profile means stays, wherever pixels are written anew.
@Suite(.timeLimit(.minutes(10)))
struct ColorProfileTests {
    /// A profile in which red and green have changed places, which nobody can miss.
    private static func turned(count: Int = 0) -> [UInt8] {
        func fixed(_ value: Double) -> [UInt8] { SampleImages.bigEndian(Int(value * 65536)) }
        func xyz(_ x: Double, _ y: Double, _ z: Double) -> [UInt8] {
            Array("XYZ ".utf8) + [0, 0, 0, 0] + fixed(x) + fixed(y) + fixed(z)
        }
        let curve = Array("curv".utf8) + [0, 0, 0, 0, 0, 0, 0, 1, 0x02, 0x33, 0, 0]
        let tags: [(String, [UInt8])] = [
            ("rXYZ", xyz(0.3851, 0.7169, 0.0971)), ("gXYZ", xyz(0.4360, 0.2225, 0.0139)),
            ("bXYZ", xyz(0.1431, 0.0606, 0.7141)), ("wtpt", xyz(0.9642, 1, 0.8249)), ("rTRC", curve), ("gTRC", curve),
            ("bTRC", curve),
        ]
        var table = SampleImages.bigEndian(tags.count)
        var data: [UInt8] = []
        for (name, bytes) in tags {
            let offset = 128 + 4 + 12 * tags.count + data.count
            table += Array(name.utf8) + SampleImages.bigEndian(offset) + SampleImages.bigEndian(bytes.count)
            data += bytes
        }
        let whole = max(count, 128 + table.count + data.count)
        var header = [UInt8](repeating: 0, count: 128)
        func set(_ bytes: [UInt8], at index: Int) { header.replaceSubrange(index..<index + bytes.count, with: bytes) }
        set(SampleImages.bigEndian(whole), at: 0)
        set([2, 0x40, 0, 0], at: 8)
        set(Array("mntrRGB XYZ ".utf8), at: 12)
        set(Array("acsp".utf8), at: 36)
        set(fixed(0.9642) + fixed(1) + fixed(0.8249), at: 68)
        let profile = header + table + data
        return profile + [UInt8](repeating: 0, count: whole - profile.count)
    }

    private static func png(_ chunks: [UInt8], _ color: [Int] = [200, 30, 30]) -> [UInt8] {
        SampleImages.png(width: 8, height: 6, colorType: 2, bitDepth: 8, extra: chunks) { _, _ in color }
    }

    private static func iCCP(_ profile: [UInt8]) -> [UInt8] {
        SampleImages.pngChunk("iCCP", Array("p\0\0".utf8) + SampleImages.zlibStored(profile))
    }

    private static func photograph(_ profile: [UInt8]) -> [UInt8] {
        let plain = jpeg(Bitmap(8, 6, .rgb) { _, _ in [200, 30, 30] })
        let parts = stride(from: 0, to: profile.count, by: 4000).map { profile[$0..<min($0 + 4000, profile.count)] }
        return parts.enumerated().reversed().reduce(plain) { whole, part in
            let head = Array("ICC_PROFILE\0".utf8) + [UInt8(part.offset + 1), UInt8(parts.count)]
            return inserting(0xE2, head + part.element, into: whole)
        }
    }

    private func pixel(_ image: AdmittedImage) throws -> [Int] {
        try (image.type == .png ? decodedPNG(image.bytes) : decodedJPEG(image.bytes)).rgba(1, 1)
    }

    private func isGreen(_ pixel: [Int]) -> Bool { pixel[0] < 50 && abs(pixel[1] - 200) < 12 && pixel[2] < 50 }

    @Test func `pixels that are written anew are in sRGB`() async throws {
        let box = ImagePolicy.box(3, 4)
        for count in [0, 9000] {
            let profile = Self.turned(count: count)
            #expect(try isGreen(pixel(admit(Self.png(Self.iCCP(profile)), policy: box))))
            #expect(try isGreen(pixel(admit(Self.photograph(profile), .jpeg, policy: box))))
        }
        // In a process that may open no file.
        let gate = ConfinedGate(box)
        #expect(try await isGreen(pixel(gate.admit(Self.png(Self.iCCP(Self.turned()))))))
        #expect(try await isGreen(pixel(gate.admit(Self.photograph(Self.turned()), .jpeg))))
    }

    @Test func `a profile that is too large to stay is not lost`() throws {
        let small = Self.png(Self.iCCP(Self.turned()))
        #expect(try admit(small).bytes == small)
        #expect(try admit(Self.photograph(Self.turned()), .jpeg).treatment == .passed)
        for image in [
            try admit(Self.png(Self.iCCP(Self.turned(count: 9000)))),
            try admit(Self.photograph(Self.turned(count: 9000)), .jpeg),
        ] {
            #expect(try image.treatment == .thumbnailed && isGreen(pixel(image)))
        }
        // Without a meaning there is nothing to lose.
        let empty = Self.png(Self.iCCP([UInt8](repeating: 7, count: 9000)))
        #expect(try admit(empty).bytes == Self.png([]))
    }

    @Test func `codes of another colour space are converted`() throws {
        for (codes, isConverted) in [
            ([12, 13, 0, 1], true), ([9, 1, 0, 1], true), ([1, 13, 0, 1], false), ([9, 16, 0, 1], true),
            ([9, 18, 0, 1], true), ([9, 16, 0, 0], false), ([200, 16, 0, 1], false),
        ] {
            let png = Self.png(SampleImages.pngChunk("cICP", codes.map { UInt8($0) }), [180, 100, 100])
            let image = try admit(png)
            #expect(try (pixel(image)[0] > 184) == isConverted, "\(codes)")
            #expect(try !chunkNames(image.bytes).contains("cICP"))
        }
    }

    /// The colours are Chromium's.
    @Test(arguments: [
        (9, 16, [148, 148, 148], [187, 187, 187]), (9, 16, [148, 100, 100], [228, 39, 72]),
        (1, 16, [148, 100, 100], [187, 76, 76]), (12, 16, [100, 148, 100], [0, 190, 56]),
        (9, 16, [255, 255, 255], [255, 255, 255]), (9, 16, [64, 64, 64], [30, 30, 30]),
        (9, 18, [192, 192, 192], [189, 189, 189]), (9, 18, [100, 148, 100], [38, 122, 74]),
        (12, 18, [180, 60, 60], [162, 32, 40]),
    ])
    func `high dynamic range is what a browser shows of it`(
        primaries: UInt8, transfer: UInt8, color: [Int], expected: [Int]
    ) throws {
        let shown = try pixel(admit(Self.png(SampleImages.pngChunk("cICP", [primaries, transfer, 0, 1]), color)))
        for (channel, value) in zip(shown, expected) { #expect(abs(channel - value) <= 5, "\(shown)") }
    }

    @Test func `chromaticities count beside a gamma`() throws {
        let swapped = [31270, 32900, 30000, 60000, 64000, 33000, 15000, 6000].flatMap { SampleImages.bigEndian($0) }
        let cHRM = SampleImages.pngChunk("cHRM", swapped)
        let both = SampleImages.pngChunk("gAMA", SampleImages.bigEndian(45455)) + cHRM
        #expect(try isGreen(pixel(admit(Self.png(both), policy: .box(3, 4)))))
        #expect(try !isGreen(pixel(admit(Self.png(cHRM), policy: .box(3, 4)))))
        #expect(try !isGreen(pixel(admit(Self.png(both + SampleImages.pngChunk("sRGB", [0])), policy: .box(3, 4)))))
        #expect(try admit(Self.png(both)).bytes == Self.png(both))
    }

    /// A profile of CMYK in which every ink is a grey of its own, so that nothing else gives that grey.
    private static func inks() throws -> [UInt8] {
        let profile = try #require(cmsCreateProfilePlaceholder(nil))
        defer { cmsCloseProfile(profile) }
        cmsSetProfileVersion(profile, 2.1)
        cmsSetDeviceClass(profile, cmsSigOutputClass)
        cmsSetColorSpace(profile, cmsSigCmykData)
        cmsSetPCS(profile, cmsSigLabData)
        // Lab for each corner of the four inks: the lightness is that of black alone.
        let table = (0..<16).flatMap { corner -> [UInt16] in [corner & 1 == 1 ? 0 : 0xFF00, 0x8000, 0x8000] }
        let pipeline = try #require(cmsPipelineAlloc(nil, 4, 3))
        defer { cmsPipelineFree(pipeline) }
        cmsPipelineInsertStage(pipeline, cmsAT_BEGIN, cmsStageAllocCLut16bit(nil, 2, 4, 3, table))
        cmsWriteTag(profile, cmsSigAToB0Tag, UnsafeRawPointer(pipeline))
        var count: UInt32 = 0
        cmsSaveProfileToMem(profile, nil, &count)
        var bytes = [UInt8](repeating: 0, count: Int(count))
        cmsSaveProfileToMem(profile, &bytes, &count)
        return bytes
    }

    @Test func `CMYK is what its profile says`() throws {
        // No black, and all of the colours: inverted, as everybody writes them.
        let samples = (0..<64).flatMap { _ -> [UInt8] in [0, 0, 0, 255] }
        let plain = turboJPEG(samples, PixelSize(width: 8, height: 8), TJPF_CMYK, TJSAMP_444, 95, 0)
        #expect(try pixel(admit(plain, .jpeg))[0] < 30)
        let head = Array("ICC_PROFILE\0\u{1}\u{1}".utf8)
        let image = try admit(inserting(0xE2, head + Self.inks(), into: plain), .jpeg)
        #expect(try pixel(image).allSatisfy { $0 > 225 })
    }

    @Test func `damaged profiles give an image or a rejection`() throws {
        let profile = Self.turned()
        for index in stride(from: 0, to: profile.count, by: 3) {
            for byte: UInt8 in [0, 0x7F, 0xFF] {
                var damaged = profile
                damaged[index] = byte
                _ = try? admit(Self.png(Self.iCCP(damaged)), policy: .box(3, 4))
            }
        }
    }
}
