import Foundation
import Testing

@testable import ImageGate

/// Drawings through the whole gate, as they would come from a sandbox.
@Suite(.timeLimit(.minutes(10)))
struct HostileSVGTests {
    private static let attack = "<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"

    @Test(arguments: [
        String.Encoding.utf16LittleEndian, .utf16BigEndian, .utf32LittleEndian, .utf32BigEndian,
    ])
    func `UTF-16 is cleaned as UTF-8 is, with a mark and without, and UTF-32 is refused`(
        encoding: String.Encoding
    ) throws {
        for text in [Self.attack, "\u{FEFF}\(Self.attack)", "<?xml version='1.0' encoding='UTF-8'?>\(Self.attack)"] {
            let bytes = [UInt8](try #require(text.data(using: encoding)))
            if [.utf16LittleEndian, .utf16BigEndian].contains(encoding) {
                #expect(try sanitised(bytes) == "<svg xmlns=\"http://www.w3.org/2000/svg\"/>")
            } else {
                #expect(rejection(bytes, .svg) != nil)
            }
            // In the middle of what began as UTF-8.
            #expect(rejection(Array("<svg>".utf8) + bytes, .svg) != nil)
            #expect(rejection([0xEF, 0xBB, 0xBF] + bytes, .svg) != nil)
        }
    }

    @Test func `marks and long forms hide nothing`() throws {
        let mark = "\u{FEFF}"
        #expect(rejection(Array((mark + mark + Self.attack).utf8), .svg) != nil)
        #expect(try sanitised(Array((mark + Self.attack).utf8)) == "<svg xmlns=\"http://www.w3.org/2000/svg\"/>")
        // A mark inside is a character as others.
        #expect(try sanitisedContent("<\(mark)script>x</\(mark)script>") == "")
        #expect(try sanitisedContent("<rect \(mark)onload='x()' on\(mark)load='x()'/>") == "<rect/>")
        // `<` and `s` in more bytes than they need, and halves of UTF-16 pairs.
        for bytes in [
            [0xC0, 0xBC], [0xE0, 0x80, 0xBC], [0xF0, 0x80, 0x80, 0xBC], [0xC1, 0xB3], [0xED, 0xA0, 0x80],
        ] {
            let text = bytes.map { UInt8($0) } + Array("script>alert(1)</script>".utf8)
            #expect(rejection(svg("<g/>").dropLast(6) + text + Array("</svg>".utf8), .svg) != nil)
        }
        // UTF-7 is text.
        let seventh = "<text>+ADw-script+AD4-alert(1)+ADw-/script+AD4-</text>"
        #expect(try sanitisedContent(seventh) == seventh)
    }

    @Test func `declared encodings are believed only when they are ours`() {
        for name in ["UTF-7", "UTF-32", "ISO-10646-UCS-4", "EBCDIC-CP-US", "x", ""] {
            for quote in ["'", "\""] {
                let head = "<?xml version=\(quote)1.0\(quote) encoding=\(quote)\(name)\(quote)?>"
                #expect(
                    rejection(Array((head + Self.attack).utf8), .svg)
                        == .forbidden(.svg, what: "an encoding other than UTF-8"), "\(name)")
            }
        }
    }

    @Test func `entities and inclusions lead nowhere`() throws {
        let laughs = (1...30).map { "<!ENTITY l\($0) '&l\($0 - 1);&l\($0 - 1);&l\($0 - 1);&l\($0 - 1);'>" }
        for document in [
            "<!DOCTYPE svg [<!ENTITY l0 'ha'>\(laughs.joined())]><svg><text>&l30;</text></svg>",
            "<!DOCTYPE svg [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><svg><text>&a;</text></svg>",
            "<!DOCTYPE svg [<!ENTITY % a SYSTEM 'http://127.0.0.1/x.dtd'> %a;]><svg><text>&b;</text></svg>",
            "<!DOCTYPE svg [<!ENTITY a '&a;'>]><svg><text>&a;</text></svg>",
        ] {
            #expect(rejection(Array(document.utf8), .svg) == .forbidden(.svg, what: "entity declarations"))
        }
        // So long that no drawing is seen behind it.
        let long = "<!DOCTYPE svg [<!ENTITY a '\(String(repeating: "x", count: 100_000))'>]>"
        #expect(rejection(Array("\(long)<svg><text>&a;&a;</text></svg>".utf8), .svg) == .unknownType)
        #expect(rejection(svg("<!DOCTYPE svg [<!ENTITY a 'b'>]><text>&a;</text>"), .svg) != nil)
        let inclusion =
            "<xi:include xmlns:xi='http://www.w3.org/2001/XInclude' href='file:///etc/passwd' parse='text'/>"
        #expect(try sanitisedContent("<text>\(inclusion)</text>") == "<text/>")
        #expect(try sanitisedContent("<tref xmlns:xlink='http://www.w3.org/1999/xlink' xlink:href='x.svg#a'/>") == "")
        #expect(try sanitisedContent("<text>&#x3C;script&#x3E;</text>") == "<text>&lt;script&gt;</text>")
    }

    @Test func `what only looks compressed and pages are no drawings`() {
        let damaged = rejection([0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3] + Array(Self.attack.utf8), .svg)
        #expect(damaged == .malformed(.svg, why: "SVG does not decompress"))
        for page in [
            "<html>\(Self.attack)</html>", "<!DOCTYPE html><body>\(Self.attack)</body>", "<math>\(Self.attack)</math>",
        ] {
            #expect(rejection(Array(page.utf8), .svg) != nil)
        }
        for head in ["%PDF-1.4 ", "#!/bin/sh\n", "x"] {
            #expect(rejection(Array((head + Self.attack).utf8), .svg) == .unknownType)
        }
        let other = rejection(Array(("GIF89a/*" + Self.attack).utf8), .svg)
        #expect(other == .typeMismatch(claimed: .svg, actual: .gif))
        for tail in ["<script>alert(1)</script>", "*/", "PK\u{3}\u{4}", Self.attack] {
            #expect(rejection(Array((Self.attack + tail).utf8), .svg) != nil)
        }
    }

    static let bombs: [(name: String, content: String)] = [
        ("primitives", filter(String(repeating: "<feGaussianBlur stdDeviation='100'/>", count: 5000))),
        ("merges", filter("<feMerge>" + String(repeating: "<feMergeNode/>", count: 20_000) + "</feMerge>")),
        ("morphology", filter(String(repeating: "<feMorphology radius='100'/>", count: 500))),
        (
            "filters on filters",
            String(repeating: "<g style='filter:blur(99px)'>", count: 150)
                + "<rect width='100' height='100'/>" + String(repeating: "</g>", count: 150)
        ),
        ("blur of a style", "<rect width='99' height='99' style='filter:blur(1e9px) blur(1e9px)'/>"),
        (
            "masks in masks",
            (1...60).map { "<mask id='m\($0)'><rect width='99' height='99' mask='url(#m\($0 - 1))'/></mask>" }
                .joined() + "<rect width='99' height='99' mask='url(#m60)'/>"
        ),
        (
            "patterns in patterns",
            (1...60).map {
                "<pattern id='p\($0)' width='.01' height='.01'><rect width='9' height='9' fill='url(#p\($0 - 1))'/></pattern>"
            }.joined() + "<rect width='99' height='99' fill='url(#p60)'/>"
        ),
        (
            "markers",
            "<marker id='m'><path d='M0 0h1'/></marker><path marker-mid='url(#m)' d='M0 0"
                + String(repeating: "h1", count: 200_000) + "'/>"
        ),
        (
            "dashes",
            "<path stroke='red' stroke-dasharray='.001' d='M0 0" + String(repeating: "h99h-99", count: 2000) + "'/>"
        ),
        ("a path", "<path d='M0 0" + String(repeating: "C1 2 3 4 5 6", count: 300_000) + "'/>"),
        ("lines that cross", "<path d='M0 0" + (0..<60_000).map { "L\($0 * 7919 % 100) \($0 % 97)" }.joined() + "'/>"),
        ("text", "<text>" + String(repeating: "a ", count: 200_000) + "</text>"),
        (
            "selectors",
            "<style>" + String(repeating: "g g g g g *{fill:red}", count: 9000) + "</style>"
                + String(repeating: "<g>", count: 190) + String(repeating: "</g>", count: 190)
        ),
    ]

    private static func filter(_ primitives: String) -> String {
        "<filter id='f'>\(primitives)</filter><rect filter='url(#f)' width='100' height='100'/>"
    }

    @Test(arguments: bombs)
    func `what would take for ever is stopped`(name: String, content: String) async throws {
        let gate = ConfinedGate { $0.processorTime = .seconds(1) }
        switch await gate.result(svg(content, "viewBox='0 0 10 10'"), .svg) {
        case .success(let image): #expect(image.width == 100)
        case .failure(let rejection): #expect(!rejection.description.isEmpty && rejection != .empty)
        }
    }
}
