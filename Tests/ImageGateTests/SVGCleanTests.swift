import Foundation
import Testing

@testable import ImageGate

/// Whatever came, what leaves is clean: sanitising it again changes nothing, and a parser that is not ours finds nothing in it.
@Suite(.timeLimit(.minutes(10)))
struct SVGCleanTests {
    private func check(_ documents: [[UInt8]], atLeast count: Int) async throws {
        var clean: [String] = []
        for document in documents {
            guard let once = try? sanitised(document) else { continue }
            #expect(try sanitised(Array(once.utf8)) == once)
            #expect(SVGImage(sanitised: Array(once.utf8), policy: ImagePolicy()) != nil, "\(once.prefix(1000))")
            clean.append(once)
        }
        #expect(clean.count >= count)
        let verdicts = try await Script.run("svg_inspect.py", input: clean.map { Data($0.utf8).base64EncodedString() })
        #expect(verdicts.count == clean.count)
        for (document, verdict) in zip(clean, verdicts) { #expect(verdict == "clean", "\(document.prefix(1000))") }
    }

    private static let parts = SVGStrippedTests.examples.map(\.content) + SVGSanitiserTests.kept

    @Test func `each attack`() async throws {
        let recorded = try ["matplotlib_svg_format", "display_svg", "display_svg_then_repr_svg_object"].map(recordedSVG)
        try await check(Self.parts.map { svg($0) } + recorded, atLeast: Self.parts.count + 3)
    }

    @Test func `bombs`() async throws {
        try await check(HostileSVGTests.bombs.map { svg($0.content) }, atLeast: 5)
    }

    /// Cut anywhere, one within the other: most are no XML any more, the others are documents that nobody thought of.
    @Test func `attacks in pieces`() async throws {
        var noise = Noise(3)
        func part() -> String { Self.parts[Int(noise.byte()) % Self.parts.count] }
        func piece(_ text: String) -> Substring { text.prefix(text.count * Int(noise.byte()) / 255) }
        let documents = (0..<3000).map { number -> [UInt8] in
            let (outer, inner) = (part(), part())
            let start = piece(outer)
            switch number % 4 {
            case 0: return svg(start + inner + outer.dropFirst(start.count))
            case 1:
                return svg("<g style=\"" + inner.replacing("\"", with: "'").replacing("<", with: "") + "\"/>" + outer)
            case 2: return svg("<style>" + inner.replacing("<", with: "") + "</style>" + outer)
            default:
                return svg("<text>" + outer + "</text><g fill='" + piece(inner).filter { !"<'&".contains($0) } + "'/>")
            }
        }
        try await check(documents, atLeast: 1500)
    }
}
