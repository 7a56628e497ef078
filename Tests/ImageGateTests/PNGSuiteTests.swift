import Foundation
import Testing

@testable import ImageGate

/// Every kind of PNG that PngSuite has, and the ways it has to be none.
@Suite(.timeLimit(.minutes(10)))
struct PNGSuiteTests {
    private struct Case: Decodable {
        let name: String
        let png: Data
        let width: Int
        let height: Int
        /// Nil: broken.
        let rgba: Data?
        let tolerance: Int
    }

    @Test func `valid PNGs have the right pixels, and broken ones are rejected`() async throws {
        let decoder = JSONDecoder()
        let cases = try await Script.run("png_suite.py").map { try decoder.decode(Case.self, from: Data($0.utf8)) }
        var counts = (valid: 0, broken: 0)
        for image in cases {
            let png = [UInt8](image.png)
            if let rgba = image.rgba {
                #expect(throws: Never.self, "\(image.name)") { try check(png, image, [UInt8](rgba)) }
                counts.valid += 1
            } else {
                #expect(rejection(png).map { !$0.description.isEmpty } == true, "\(image.name)")
                counts.broken += 1
            }
        }
        #expect(counts.valid > 1400 && counts.broken > 100)
    }

    private func check(_ png: [UInt8], _ image: Case, _ rgba: [UInt8]) throws {
        let bitmap = try decodedPNG(png)
        #expect(bitmap.size == PixelSize(width: image.width, height: image.height), "\(image.name)")
        #expect(bitmap.rgba.isNear(rgba, tolerance: image.tolerance), "\(image.name)")
        // Untouched if it may pass, and the same pixels with fewer colours or sides if not.
        let passed = try admit(png)
        #expect(passed.treatment == .passed, "\(image.name)")
        #expect(try decodedPNG(passed.bytes) == bitmap, "\(image.name)")
        let small = try admit(png, policy: .box(5, 7))
        #expect(min(small.width, small.height) <= 5 && max(small.width, small.height) <= 7, "\(image.name)")
    }
}

extension Bitmap {
    /// Four bytes for each pixel, whatever the layout.
    var rgba: [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(4 * size.area)
        for start in stride(from: 0, to: samples.count, by: layout.channels) {
            let isGrey = layout == .grey
            result.append(samples[start])
            result.append(samples[isGrey ? start : start + 1])
            result.append(samples[isGrey ? start : start + 2])
            result.append(layout == .rgba ? samples[start + 3] : 255)
        }
        return result
    }
}

extension [UInt8] {
    /// As RGBA. Colour that cannot be seen may be anything.
    func isNear(_ other: [UInt8], tolerance: Int) -> Bool {
        guard count == other.count else { return false }
        for index in indices where index & 3 == 3 || other[index | 3] != 0 {
            if abs(Int(self[index]) - Int(other[index])) > tolerance { return false }
        }
        return true
    }
}
