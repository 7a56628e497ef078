import Foundation
import TestSupport
import Testing

@testable import ImageGate

@Suite(.timeLimit(.minutes(10)))
struct SVGRasterTests {
    private func drawn(_ document: [UInt8], policy: ImagePolicy = ImagePolicy()) throws(ImageGateError) -> SVGRaster {
        try SVGImage(sanitising: document, policy: policy).rasterised(policy: policy)
    }

    @Test func `the recorded circle is red in its middle and clear outside`() throws {
        let raster = try drawn(try recordedSVG("display_svg"))
        #expect(raster.width == 10 && raster.height == 10)
        #expect(raster.pixels.count == 400)
        #expect(raster[5, 5] == [255, 0, 0, 255])
        #expect(raster[0, 0] == [0, 0, 0, 0])
    }

    @Test func `the recorded plot has its size, paper and ink`() throws {
        let raster = try drawn(try recordedSVG("matplotlib_svg_format"))
        #expect(raster.width == 526 && raster.height == 396)
        #expect(raster[2, 2] == [255, 255, 255, 255])
        let blue = (0..<raster.width * raster.height).count {
            raster.pixels[$0 * 4] < 60 && raster.pixels[$0 * 4 + 2] > 150
        }
        #expect(blue > 500)
    }

    @Test func `alpha is straight`() throws {
        let raster = try drawn(svg("<rect width='100' height='100' fill='#ff8000' fill-opacity='0.5'/>"))
        #expect(zip(raster[50, 50], [255, 128, 0, 128]).allSatisfy { abs(Int($0) - $1) <= 1 })
    }

    @Test func `text leaves ink`() throws {
        let raster = try drawn(svg("<text x='5' y='80' font-size='80' fill='#00ff00'>M</text>"))
        #expect((0..<10_000).count { raster.pixels[$0 * 4 + 1] == 255 && raster.pixels[$0 * 4 + 3] == 255 } > 200)
    }

    @Test func `styles, gradients, uses and images are drawn`() throws {
        let raster = try drawn(
            svg(
                """
                <style>.s{fill:#00f}</style><rect class='s' width='50' height='50'/>
                <linearGradient id='g'><stop stop-color='#0f0'/></linearGradient>
                <rect x='50' width='50' height='50' fill='url(#g)'/>
                <defs><rect id='r' width='50' height='50' style='fill:#ff0'/></defs><use xlink:href='#r' y='50'/>
                <image x='50' y='50' width='50' height='50' xlink:href='data:image/png;base64,\(redPNG)'/>
                """))
        #expect(raster[25, 25] == [0, 0, 255, 255])
        #expect(raster[75, 25] == [0, 255, 0, 255])
        #expect(raster[25, 75] == [255, 255, 0, 255])
        #expect(raster[75, 75] == [255, 0, 0, 255])
    }

    @Test(arguments: [
        ("width='100' height='50'", 100, 50), ("width='72pt' height='1in'", 96, 96),
        ("width='2.54cm' height='25.4mm'", 96, 96),
        ("width='1e2' height='+5.0E+1px'", 100, 50), ("width='6em' height='6pc'", 96, 96), ("", 300, 150),
        ("viewBox='0 0 40 30'", 1024, 768), ("width='100%' height='100%' viewBox='0,0,40,30'", 1024, 768),
        ("viewBox='0 0 10 10'", 768, 768), ("viewBox='0 0 100000 50000'", 1536, 768),
        ("viewBox='0 0 .1 .2'", 768, 1536),
        ("viewBox='5 5 1e-9 1e-9'", 768, 768), ("viewBox='0 0 1e-300 1e300'", 1, 2000),
        ("viewBox='0 0 9e9 1'", 2000, 1),
        ("width='80' viewBox='0 0 40 30'", 80, 60), ("height='60' viewBox='0 0 40 30'", 80, 60),
        ("width='0' height='-5'", 300, 150), ("width='nan' height='inf'", 300, 150),
        ("width='x' viewBox='0 0 0 0'", 300, 150),
        ("width='0.1' height='0.1'", 1, 1), ("width='4000' height='2000'", 1536, 768),
        ("width='10000' height='100'", 2000, 20),
        ("width='768' height='2000'", 768, 2000), ("width='1e300' height='1e300'", 768, 768),
        ("width='1e9' height='1'", 2000, 1), ("width='1' height='99999999999999999999'", 1, 2000),
    ])
    func `the drawing has the document's size, within the box`(attributes: String, width: Int, height: Int) throws {
        let raster = try drawn(
            Array("<svg xmlns='http://www.w3.org/2000/svg' \(attributes)><rect width='9' height='9'/></svg>".utf8))
        #expect(raster.width == width && raster.height == height)
    }

    @Test func `what is reduced is drawn whole`() throws {
        let content = "<rect x='3800' y='1800' width='200' height='200' fill='red'/>"
        let raster = try drawn(
            Array("<svg xmlns='http://www.w3.org/2000/svg' width='4000' height='2000'>\(content)</svg>".utf8))
        #expect(raster[raster.width - 5, raster.height - 5] == [255, 0, 0, 255])
        #expect(raster[raster.width / 2, raster.height / 2] == [0, 0, 0, 0])
    }

    /// An edge across the middle, and a line of a tenth of the width: neither is blurred over more than the pixel it cuts.
    @Test(arguments: [
        ("viewBox='0 0 10 10'", 10.0, 10.0), ("viewBox='0 0 0.01 0.01'", 0.01, 0.01),
        ("width='10' height='10'", 10, 10),
        ("width='100000' height='50000'", 100_000, 50_000), ("viewBox='0 0 100000 50000'", 100_000, 50_000),
        ("width='30in' height='15in' viewBox='0 0 20 10'", 20, 10),
    ])
    func `a drawing is sharp at the size it is shown at`(attributes: String, width: Double, height: Double) throws {
        let content =
            "<rect width='\(width / 2)' height='\(height)' fill='red'/>"
            + "<rect x='\(width * 0.8)' width='\(width / 10)' height='\(height)' fill='blue'/>"
        let document = Array("<svg xmlns='http://www.w3.org/2000/svg' \(attributes)>\(content)</svg>".utf8)
        let image = try admit(document, .svg)
        let bitmap = try decodedPNG(image.bytes)
        var counts = (red: 0, blue: 0, clear: 0)
        for x in 0..<bitmap.size.width {
            switch bitmap.rgba(x, bitmap.size.height / 2) {
            case [255, 0, 0, 255]: counts.red += 1
            case [0, 0, 255, 255]: counts.blue += 1
            case let pixel where pixel[3] == 0: counts.clear += 1
            default: break
            }
        }
        #expect(bitmap.size.width - counts.red - counts.blue - counts.clear <= 3)
        #expect(abs(counts.red - bitmap.size.width / 2) <= 1)
        #expect(abs(counts.blue - bitmap.size.width / 10) <= 2)
    }

    @Test func `text is drawn in the fonts that are installed`() throws {
        // Columns with ink.
        func width(_ font: String) throws -> Int {
            let raster = try drawn(svg("<text y='60' font-size='30' font-family=\"\(font)\">iiiii</text>"))
            return (0..<100).count { x in (0..<100).contains { raster[x, $0][3] > 128 } }
        }
        func span(_ font: String) throws -> Int {
            let raster = try drawn(svg("<text y='60' font-size='30' font-family=\"\(font)\">iiiii</text>"))
            return (0..<100).last { x in (0..<100).contains { raster[x, $0][3] > 128 } } ?? 0
        }
        // Of equal width, an i takes as much room as an m.
        #expect(try span("DejaVu Sans Mono") > span("DejaVu Sans") + 20)
        #expect(try span("monospace") > span("sans-serif") + 20)
        // One that is not here gives way to one that is.
        #expect(try span("No Such Font") > 20)
        #expect(try span("No Such Font, 'DejaVu Sans Mono'") == span("DejaVu Sans Mono"))
        // The serifs have ink, too.
        #expect(try width("DejaVu Serif") > width("DejaVu Sans"))
    }

    @Test func `the natural size is told`() throws {
        let document = Array("<svg width='4000.4' height='20in'/>".utf8)
        let image = try SVGImage(sanitising: document, policy: ImagePolicy())
        #expect(image.width == 4000 && image.height == 1920)
    }

    // MARK: Limits of drawing

    /// Lines that all cross each other.
    private static let slow = svg(
        "<path d='M0 0" + (0..<60_000).map { "L\($0 * 7919 % 100) \($0 * 104_729 % 101)" }.joined() + "'/>",
        "viewBox='0 0 100 100'")

    @Test func `drawing ends when its time is over`() async throws {
        var policy = ImagePolicy()
        policy.shortSide = 2000
        let gate = ConfinedGate(policy) { $0.processorTime = .seconds(1) }
        let slow = Array(String(decoding: Self.slow, as: UTF8.self).replacing("\"100\"", with: "\"2000\"").utf8)
        #expect(await gate.result(slow, .svg) == .failure(.decoderTooSlow(.svg)))
    }

    // AddressSanitizer's own memory does not go with a limit.
    @Test(.disabled(if: Sanitizer.isWatchingAddresses))
    func `drawing ends when its memory is full`() async throws {
        // A surface of 16 MB for each level.
        let content =
            String(repeating: "<g opacity='0.5'>", count: 190) + "<rect width='100' height='100'/>"
            + String(repeating: "</g>", count: 190)
        var policy = ImagePolicy()
        policy.shortSide = 2000
        let document = Array("<svg xmlns='http://www.w3.org/2000/svg' width='2000' height='2000'>\(content)</svg>".utf8)
        let gate = ConfinedGate(policy) { $0.processorTime = .seconds(5) }
        await #expect(throws: ImageGateError.self) { try await gate.result(document, .svg).get() }
        #expect(try await gate.admit(svg("<rect width='9'/>"), .svg).width == 100)
    }

    @Test(arguments: [
        "<text font-size='1e30'>x</text>", "<rect width='1e38' height='1e38' fill='red'/>",
        "<line x2='1e6' stroke='red' stroke-width='2' stroke-dasharray='0.0001'/>",
        "<path d='M0 0 L1e300 1e300 A 0 1e30 0 0 0 5 5 Z' stroke='red'/>",
        "<filter id='f' x='-1e9' y='-1e9' width='1e12' height='1e12'><feFlood/></filter><rect filter='url(#f)' width='9' height='9'/>",
        "<pattern id='p' width='1e-9' height='1e-9'><rect width='1' height='1'/></pattern><rect fill='url(#p)' width='99' height='99'/>",
        "<g transform='scale(1e-300)'><rect width='1e300' height='1'/></g>",
        "<rect style='font:x;transform:rotate(1e999deg)'/>",
    ])
    func `absurd numbers give a drawing or a rejection`(content: String) async throws {
        let gate = ConfinedGate { $0.processorTime = .seconds(2) }
        switch await gate.result(svg(content), .svg) {
        case .success(let image): #expect(image.width == 100)
        case .failure(let rejection): #expect(rejection != .decoderUnavailable)
        }
    }

    @Test func `drawings on several threads do not disturb each other`() async throws {
        let plot = try SVGImage(sanitising: try recordedSVG("matplotlib_svg_format"), policy: ImagePolicy())
        let expected = try plot.rasterised(policy: ImagePolicy())
        try await withThrowingTaskGroup(of: SVGRaster.self) { group in
            for _ in 0..<16 { group.addTask { try plot.rasterised(policy: ImagePolicy()) } }
            for try await raster in group { #expect(raster == expected) }
        }
    }
}
