import Foundation
import Testing
import TestSupport

/// What fuzzing has found stays found.
@Suite(.timeLimit(.minutes(10)))
struct FindingsTests {
    private static let folder = Binaries.repository.appending(path: "Tests/Fuzz/Findings")

    private static func findings(_ reader: FuzzedReader) throws -> [URL] {
        let folder = folder.appending(path: reader.rawValue)
        guard FileManager.default.fileExists(atPath: folder.path) else { return [] }
        return try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
    }

    @Test(arguments: FuzzedReader.allCases)
    func `a reader keeps its word on all that once broke it`(reader: FuzzedReader) throws {
        for file in try Self.findings(reader) {
            let bytes = [UInt8](try Data(contentsOf: file))
            #expect(throws: Never.self, "\(file.lastPathComponent)") { try reader.check(bytes) }
        }
    }

    @Test func `every finding belongs to a reader`() throws {
        let names = Set(FuzzedReader.allCases.map(\.rawValue) + ["README"])
        let there = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path)
        #expect(there.filter { !names.contains($0) } == [])
    }

    @Test(arguments: FuzzedReader.allCases)
    func `a reader keeps its word on nothing, on noise and on a recording`(reader: FuzzedReader) throws {
        var state: UInt64 = 1
        let noise = (0..<3000).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: state >> 56)
        }
        for bytes in [[], noise, try Recording.bytes("hello"), SampleImages.png(width: 40, height: 31)] {
            try reader.check(bytes)
        }
    }
}
