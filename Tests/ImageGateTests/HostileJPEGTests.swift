import Testing
import TestSupport

@testable import ImageGate

/// JPEGs that lie about what they have, or carry what is no image.
@Suite(.timeLimit(.minutes(10)))
struct HostileJPEGTests {
    private static let picture = Bitmap(40, 24, .rgb) { x, y in [UInt8(x * 6), UInt8(y * 10), UInt8((x * y) & 255)] }
    private static let baseline = jpeg(picture)
    private static let progressive = jpeg(picture, isProgressive: true)
    private static let markup = Array("<html><script>alert(1)</script></html>".utf8)

    private func contains(_ image: [UInt8], _ text: [UInt8]) -> Bool {
        String(decoding: image, as: UTF8.self).contains(String(decoding: text, as: UTF8.self))
    }

    /// The segments, each as its bytes; the first is SOI.
    private func parts(_ bytes: [UInt8]) throws -> [[UInt8]] {
        [Array(bytes[..<2])] + (try JPEGSegments(bytes) { _ in }.segments.map { Array(bytes[$0.range]) })
    }

    private func segment(_ marker: UInt8, _ payload: [UInt8]) -> [UInt8] {
        [0xFF, marker, UInt8((payload.count + 2) >> 8), UInt8((payload.count + 2) & 255)] + payload
    }

    @Test(arguments: [UInt8](0x01...0xFE))
    func `no segment smuggles its payload through`(marker: UInt8) throws {
        let parts = try parts(Self.baseline)
        for place in 1..<parts.count {
            var bytes = parts
            bytes.insert(segment(marker, Self.markup), at: place)
            guard let image = try? admit(Array(bytes.joined()), .jpeg) else { continue }
            #expect(!contains(image.bytes, Self.markup), "at \(place)")
            #expect(try decodedJPEG(image.bytes) == decodedJPEG(Self.baseline))
        }
    }

    /// A length that is not right leads into the middle of something.
    @Test func `lengths that lead elsewhere are rejected, or change nothing`() throws {
        for bytes in [Self.baseline, Self.progressive] {
            let expected = try decodedJPEG(bytes)
            for segment in try JPEGSegments(bytes, checkFrame: { _ in }).segments where segment.marker != 0xD9 {
                let place = segment.payload.lowerBound - 2
                let length = segment.payload.count + 2
                for other in [0, 1, 2, 3, length - 2, length - 1, length + 1, length + 2, 0x7FFF, 0xFFFF]
                where other != length {
                    var damaged = bytes
                    damaged.replaceSubrange(place..<place + 2, with: [UInt8(other >> 8), UInt8(other & 255)])
                    guard let image = try? admit(damaged, .jpeg) else { continue }
                    #expect(try decodedJPEG(image.bytes) == expected, "\(segment.marker) of \(other)")
                }
            }
        }
    }

    /// Tables may come in any order before what uses them, and more than once.
    @Test func `every order of the segments is right or rejected`() throws {
        let expected = try decodedJPEG(Self.baseline)
        let parts = try parts(Self.baseline)
        var admitted = 0
        for from in 1..<parts.count {
            for to in 1..<parts.count where to != from {
                var (moved, doubled) = (parts, parts)
                moved.insert(moved.remove(at: from), at: to)
                doubled.insert(parts[from], at: to)
                for bytes in [Array(moved.joined()), Array(doubled.joined())] {
                    guard let image = try? admit(bytes, .jpeg) else { continue }
                    admitted += 1
                    #expect(try decodedJPEG(image.bytes) == expected, "\(from) to \(to)")
                    #expect(image.bytes.ranges(of: [0xFF, 0xC0]).count == 1)
                }
            }
        }
        #expect(admitted > 20)
    }

    @Test func `what follows the last row within a scan is rejected`() throws {
        for bytes in [Self.baseline, Self.progressive] {
            var parts = try parts(bytes)
            for hidden in [Self.markup, Array("<a>".utf8) + Self.markup, Array(repeating: 0, count: 100)] {
                parts[parts.count - 2] += hidden
                #expect(isMalformed(rejection(Array(parts.joined()), .jpeg)))
            }
        }
    }

    @Test func `an image without scans is rejected`() throws {
        for bytes in [Self.baseline, Self.progressive] {
            let parts = try parts(bytes).filter { $0[1] != 0xDA }
            #expect(rejection(Array(parts.joined()), .jpeg) == .malformed(.jpeg, why: "JPEG has no image"))
        }
    }

    @Test func `a scan left out is noticed`() throws {
        let parts = try parts(Self.progressive)
        let scans = parts.indices.filter { parts[$0][1] == 0xDA }
        #expect(scans.count > 5)
        for scan in scans {
            var rest = parts
            rest.remove(at: scan)
            #expect(isMalformed(rejection(Array(rest.joined()), .jpeg)), "scan \(scan)")
        }
        // As a cut between scans would leave it.
        for count in 1..<scans.count {
            let rest = parts[...scans[count - 1]] + [[0xFF, 0xD9]]
            #expect(isMalformed(rejection(Array(rest.joined()), .jpeg)), "\(count) scans")
        }
    }

    /// The frame and the first scan have three components; of the data only the first block is right.
    @Test func `every component has its scan, and only one`() throws {
        let grey = jpeg(Bitmap(8, 8, .grey) { _, _ in [100] })
        let parts = try parts(grey)
        let scan = try #require(parts.first { $0[1] == 0xDA })
        let tables = parts.filter { [0xDB, 0xC4].contains($0[1]) }.flatMap { $0 }
        func image(_ components: [UInt8], _ scanned: [UInt8]) -> [UInt8] {
            let frame: [UInt8] = [8, 0, 8, 0, 8, UInt8(components.count)] + components.flatMap { [$0, 0x11, 0] }
            let scans = scanned.flatMap { component in
                segment(0xDA, [1, component, 0, 0, 63, 0]) + scan.dropFirst(10)
            }
            return [0xFF, 0xD8] + tables + segment(0xC0, frame) + scans + [0xFF, 0xD9]
        }
        #expect(rejection(image([1], [1]), .jpeg) == nil)
        #expect(rejection(image([1, 2, 3], [1, 2, 3]), .jpeg) == nil)
        #expect(rejection(image([1, 2, 3], [3, 1, 2]), .jpeg) == nil)
        for scanned in [[1], [1, 2], [1, 2, 2], [1, 2, 3, 3], [1, 2, 3, 1], [1, 2, 4]] as [[UInt8]] {
            #expect(isMalformed(rejection(image([1, 2, 3], scanned), .jpeg)), "\(scanned)")
        }
        #expect(isMalformed(rejection(image([1, 1, 1], [1, 1, 1]), .jpeg)))
        #expect(isMalformed(rejection(image([1], [1, 1]), .jpeg)))
    }

    @Test func `restart markers are counted`() throws {
        // One block and a restart, 65,536 times: 2048×2048 pixels.
        let grey = jpeg(Bitmap(8, 8, .grey) { _, _ in [128] })
        let parts = try parts(grey)
        let scan = try #require(parts.first { $0[1] == 0xDA })
        let block = Array(scan.dropFirst(10))
        var bytes: [UInt8] = [0xFF, 0xD8]
        for part in parts where [0xDB, 0xC4].contains(part[1]) { bytes += part }
        bytes += segment(0xC0, [8, 8, 0, 8, 0, 1, 1, 0x11, 0]) + segment(0xDD, [0, 1]) + scan[..<10] + block
        for restart in 0..<65_535 { bytes += [0xFF, 0xD0 + UInt8(restart & 7)] + block }
        let image = try admit(bytes + [0xFF, 0xD9], .jpeg)
        #expect((image.originalWidth, image.originalHeight) == (2048, 2048))
        // Without blocks between them, out of order, or after the end.
        let restarts = (0..<65_535).flatMap { [0xFF, 0xD0 + UInt8($0 & 7)] as [UInt8] }
        #expect(isMalformed(rejection(bytes.dropLast(block.count + 2) + block + [0xFF, 0xD9], .jpeg)))
        #expect(isMalformed(rejection(Array(grey.dropLast(2)) + restarts + [0xFF, 0xD9], .jpeg)))
        #expect(isMalformed(rejection(bytes + [0xFF, 0xD7, 0xFF, 0xD9], .jpeg)))
    }

    @Test func `a JPEG that is something else, too, is only a JPEG afterwards`() throws {
        let comment = inserting(0xFE, Array("*/=alert(1)/*".utf8) + Self.markup, into: Self.baseline)
        let archive = inserting(0xEF, Array("PK\u{3}\u{4}".utf8) + Self.markup, into: comment)
        let image = try admit(archive, .jpeg)
        #expect(image.bytes == Self.baseline)
        for tail in [Self.markup, Array("PK\u{5}\u{6}".utf8), [0], [0xFF], [0xFF, 0xD9]] {
            #expect(try admit(Self.baseline + tail, .jpeg).bytes == Self.baseline)
        }
    }
}
