import Foundation
import Testing
import TestSupport

@testable import ImageGate

@Suite(.timeLimit(.minutes(10)))
struct RecordedImagesTests {
    @Test func `every raster image that the real code interpreter sent is admitted`() throws {
        var admitted = 0
        for name in try Recording.names {
            for line in try Recording.bytes(name).split(separator: UInt8(ascii: "\n")) {
                guard let event = try JSONSerialization.jsonObject(with: Data(line)) as? [String: Any] else { continue }
                for type in [ImageType.png, .jpeg] {
                    guard let text = event[type.rawValue] as? String else { continue }
                    let data = try #require(Data(base64Encoded: text, options: .ignoreUnknownCharacters), "\(name)")
                    let image = try admit([UInt8](data), type)
                    #expect(image.treatment == (data.count > 100_000 ? .thumbnailed : .passed), "\(name)")
                    #expect(image.bytes.count <= 100_000, "\(name)")
                    admitted += 1
                }
            }
        }
        #expect(admitted >= 16)
    }
}
