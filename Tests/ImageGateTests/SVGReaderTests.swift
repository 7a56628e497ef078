import Testing

@testable import ImageGate

/// What the gate believes to be a cleaned drawing, without a parser: what the sanitiser could have written.
@Suite(.timeLimit(.minutes(10)))
struct SVGReaderTests {
    private func believed(_ document: String) -> Bool { believed(Array(document.utf8)) }

    private func believed(_ bytes: [UInt8]) -> Bool { SVGImage(sanitised: bytes, policy: .init()) != nil }

    private static let start = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"9\" height=\"9\">"

    @Test func `what the sanitiser wrote is believed`() throws {
        let recorded = try ["matplotlib_svg_format", "display_svg", "display_svg_then_repr_svg_object"].map(recordedSVG)
        for document in recorded + SVGSanitiserTests.kept.map({ svg($0) }) {
            let image = try SVGImage(sanitising: document, policy: .init())
            #expect(SVGImage(sanitised: image.bytes, policy: .init()) == image)
        }
    }

    /// But for images of a type that may be there, which are decoded by nobody but the decoder.
    @Test(arguments: SVGStrippedTests.examples.map(\.content).filter { !$0.contains("image/png;base64,iV") })
    func `what it would have taken out is not`(content: String) throws {
        // Spelled as the writer spells, where that can be: it is the content that is refused, not the quotes.
        let spelled = content.replacing("'", with: "\"")
        for document in [Self.start + content + "</svg>", Self.start + spelled + "</svg>"] {
            let isClean = (try? sanitised(Array(document.utf8))) == document
            #expect(believed(document) == isClean, "\(document)")
        }
    }

    @Test(arguments: [
        "<script>alert(1)</script>", "<script/>", "<g onload=\"x()\"/>", "<foreignObject/>", "<animate/>", "<x/>",
        "<a href=\"javascript:x()\"/>", "<use href=\"http://a.b#c\"/>", "<use href=\" #c\"/>", "<use/>",
        "<image href=\"data:text/html;base64,QQ==\"/>", "<image href=\"data:image/svg+xml;base64,PHN2Zy8+\"/>",
        "<image href=\"data:image/png;base64,QQ==\"/>", "<image href=\"data:image/PNG;base64,\(redPNG)\"/>",
        "<image href=\"data:image/png;base64, \(redPNG)\"/>", "<image href=\"data:image/png;base64,\(hugePNG)\"/>",
        "<image href=\"data:image/jpeg;base64,\(redPNG)\"/>",
        "<g fill=\"url(http://a.b)\"/>", "<g style=\"fill:url(//a.b)\"/>", "<g style=\"behavior:x\"/>",
        "<g style=\"fill:red;\"/>", "<style>@import url(x);</style>", "<style>*{fill:url(a.svg#b)}\n</style>",
        "<style>*{}</style>", "<style><g/></style>",
        "<!-- c -->", "<![CDATA[x]]>", "<!DOCTYPE svg>", "<?xml version=\"1.0\"?>", "<text>&nbsp;</text>",
        "<text>&#106;</text>", "<text>&amp</text>", "<text>&</text>", "<text>></text>", "<text>&quot;</text>",
        "<text>\r</text>", "<text>\u{1}</text>", "<text>\0</text>", "<text></text>", "text", "<g>text</g>",
        "<g a=\"b\"/>", "<g fill='red'/>", "<g  fill=\"red\"/>", "<g fill=\"red\" />", "<g fill=\"red\" fill=\"red\"/>",
        "<g fill=\"a\n\"/>", "<g fill=\"red\"stroke=\"red\"/>", "<g fill/>", "<g id=\"\"/>",
        "<g id=\"a\"/><g id=\"a\"/>",
        "<g xmlns=\"http://www.w3.org/1999/xhtml\"/>", "<g xmlns:x=\"http://a.b\"/>", "<xml:g/>", "<svg:g/>",
        "<g xml:base=\"http://a.b\"/>", "<g xlink:href=\"#a\"/>", "<G/>", "<g", "<g>", "</g>", "<g></g>", "<g/></g>",
        "<g id=\"a\"><use href=\"#a\"/></g>", "<feGaussianBlur stdDeviation=\"999\"/>", "</svg><svg>", "<>", "<g/", "<",
    ])
    func `what it never writes is not`(content: String) {
        #expect(believed(Self.start + "<g/></svg>"))
        #expect(!believed(Self.start + content + "</svg>"))
    }

    @Test func `a document is one element, in its namespace and in UTF-8`() {
        let whole = Self.start + "<text>\u{e4}</text></svg>"
        #expect(believed(whole))
        for wrong in [
            "", " \(whole)", "\(whole) ", "\(whole)\n", whole + whole, "<g/>", "\u{FEFF}\(whole)", "<?xml?>\(whole)",
            "text", "<svg/>", "<svg xmlns=\"http://www.w3.org/1999/xhtml\"/>",
            "<html xmlns=\"http://www.w3.org/2000/svg\"/>",
            "<svg width=\"9\" xmlns=\"http://www.w3.org/2000/svg\"/>", whole + "<!--", "<svg xmlns=\"\"/>",
        ] {
            #expect(!believed(wrong), "\(wrong)")
        }
        #expect(!believed(Array(Self.start.utf8) + Array("<text>".utf8) + [0xE4] + Array("</text></svg>".utf8)))
        #expect(!believed(Array(whole.utf16.flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] })))
    }

    @Test func `its limits are the sanitiser's`() {
        for (levels, isBelieved) in [(SVGLimit.depth - 1, true), (SVGLimit.depth, false), (100_000, false)] {
            let (open, close) = ("<g fill=\"red\">", "</g>")
            let inside =
                String(repeating: open, count: levels - 1) + "<g/>" + String(repeating: close, count: levels - 1)
            #expect(believed(Self.start + inside + "</svg>") == isBelieved, "\(levels)")
        }
        // Each shows the one before it ten times.
        let levels = (1...9).map { level in
            "<g id=\"l\(level)\">" + String(repeating: "<use href=\"#l\(level - 1)\"/>", count: 10) + "</g>"
        }
        #expect(!believed(Self.start + "<g id=\"l0\"/>" + levels.joined() + "</svg>"))
    }

    /// The other way round: what is believed is what libxml2 and the sanitiser leave as it is.
    @Test func `what is believed of damaged documents is clean`() throws {
        let parts = SVGSanitiserTests.kept.filter { $0.utf8.count < 120 }
        var believed = 0
        for part in parts {
            let bytes = try SVGImage(sanitising: svg(part), policy: .init()).bytes
            var damaged = bytes.indices.map { Array(bytes[..<$0]) }
            for bit in bytes.indices.flatMap({ index in (0..<8).map { 8 * index + $0 } })
            where bit % 5 == 0 {
                damaged.append(bytes)
                damaged[damaged.endIndex - 1][bit / 8] ^= 1 << UInt8(bit % 8)
            }
            for document in damaged {
                guard let image = SVGImage(sanitised: document, policy: .init()) else { continue }
                believed += 1
                let again = try? SVGImage(sanitising: document, policy: .init(), mends: false)
                #expect(again == image, "\(String(decoding: document, as: UTF8.self))")
            }
        }
        #expect(believed > 200)
    }
}
