import FoundationEssentials
import ImageGate
import Responder
import Synchronization

/// Whether pictures can be decoded, and what the kernel grants to confine those that do it.
struct ConfinementCheck: ServiceCheck {
    let configuration: Configuration

    private static let subject = "decoders"

    func findings() async -> [Finding] {
        let notices = Notices()
        do {
            let confinement = configuration.makeDecoderConfiguration { notices.add($0) }
            let gate = try ImageGate(
                policy: configuration.imagePolicy, threads: 1, decoding: .confined(confinement))
            for (bytes, type) in [(Self.bitmap, ImageType.png), (Array(Self.drawing.utf8), .svg)] {
                _ = try await gate.admit(bytes, claimed: type)
            }
        } catch {
            let reasons = notices.all.map { ": \($0)" }.joined()
            return [.failed(Self.subject, "a picture could not be decoded (\(error))\(reasons)")]
        }
        let gaps = notices.all
        guard gaps.isEmpty else { return gaps.map { .warning(Self.subject, $0) } }
        return [.ok(Self.subject, "a PNG and an SVG were decoded, confined by seccomp and Landlock")]
    }

    /// A PNG of one pixel.
    private static let bitmap =
        Data(
            base64Encoded:
                "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
        ).map { Array($0) } ?? []
    private static let drawing =
        #"<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"><rect width="8" height="8" fill="red"/></svg>"#

    private final class Notices: Sendable {
        private let lines = Mutex<[String]>([])
        func add(_ line: String) { lines.withLock { $0.append(line) } }
        var all: [String] { lines.withLock { $0 } }
    }
}
