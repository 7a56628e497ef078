import Testing

@testable import ImageGate

@Suite(.timeLimit(.minutes(10)))
struct SVGSanitiserTests {
    static let kept = [
        "<g id=\"a\" class=\"b c\" transform=\"translate(1 2) scale(0.1 -0.1)\"><path d=\"M 0 0 L 1 1 z\"/></g>",
        "<rect x=\"1\" y=\"2\" width=\"3\" height=\"4\" rx=\"1\" fill=\"url(#g)\" stroke=\"#123456\" stroke-width=\"0.8\"/>",
        "<defs><linearGradient id=\"g\" x1=\"0%\"><stop offset=\"5%\" stop-color=\"gold\"/></linearGradient></defs>",
        "<defs><path id=\"p\" d=\"M0 0h1\"/></defs><use x=\"1\" style=\"stroke:#000000;stroke-width:0.8\" href=\"#p\"/>",
        "<text x=\"1\" font-family=\"'DejaVu Sans', sans-serif\">a <tspan dx=\"1\">b &amp; c</tspan></text>",
        "<clipPath id=\"c\"><circle r=\"5\"/></clipPath><g clip-path=\"url(#c)\"/>",
        "<filter id=\"f\"><feGaussianBlur stdDeviation=\"3\"/><feOffset dx=\"1\"/></filter>",
        "<text style=\"font-family:'a;b', &quot;c&quot;;fill:rgb(1, 2, 3)\">x</text>",
        "<style>*{stroke-linejoin:round}\n.a &gt; .b[c=\"d\"]{fill:url(\"#g\")}\n</style>",
        "<image width=\"9\" href=\"data:image/png;base64,\(redPNG)\"/>",
        "<title>a</title><desc>b</desc><switch><g systemLanguage=\"de\"/><g/></switch>",
        "<text xml:space=\"preserve\">  a\n\t&#13;b </text>",
    ]

    @Test(arguments: kept) func `what draws is kept as it was`(content: String) throws {
        #expect(try sanitisedContent(content) == content)
    }

    @Test(arguments: ["matplotlib_svg_format", "display_svg", "display_svg_then_repr_svg_object"])
    func `recorded documents stay whole`(name: String) throws {
        let bytes = try recordedSVG(name)
        let clean = try sanitised(bytes)
        for tag in ["<path", "<use", "<circle", "<clipPath", "<g "] {
            let count = String(decoding: bytes, as: UTF8.self).ranges(of: tag).count
            #expect(clean.ranges(of: tag).count == count, "\(tag)")
        }
        #expect(!clean.contains("DOCTYPE"))
        #expect(try sanitised(Array(clean.utf8)) == clean)
    }

    @Test func `a document without namespace is taken for SVG`() throws {
        let clean = try sanitised(Array("<svg width='9'><rect/><x:rect xmlns:x='urn:x'/></svg>".utf8))
        #expect(clean == "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"9\"><rect/></svg>")
    }

    @Test func `a prefixed document loses its prefixes`() throws {
        let clean = try sanitised(Array("<s:svg xmlns:s='http://www.w3.org/2000/svg'><s:rect/><rect/></s:svg>".utf8))
        #expect(clean == "<svg xmlns=\"http://www.w3.org/2000/svg\"><rect/></svg>")
    }

    @Test func `a prefix that nobody declared belongs to nothing, except xlink`() throws {
        let clean = try sanitised(Array("<svg><x:g/><g x:fill='red'/><use xlink:href='#a'/></svg>".utf8))
        #expect(clean == "<svg xmlns=\"http://www.w3.org/2000/svg\"><g/><use href=\"#a\"/></svg>")
    }

    @Test func `the first of two equal ids counts`() throws {
        #expect(try sanitisedContent("<g id='a'/><rect id='a'/>") == "<g id=\"a\"/><rect/>")
    }
}
