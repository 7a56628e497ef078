import Testing

@testable import ImageGate

@Suite(.timeLimit(.minutes(2)))
struct SVGSanitiserTests {
    /// What is dropped, and what of it must not be left.
    static let attacks: [(content: String, remains: String)] = [
        ("<script>alert(1)</script>", ""),
        ("<script xlink:href='https://example.com/x.js'/>", ""),
        ("<SCRIPT>alert(1)</SCRIPT>", ""),
        ("<s:script xmlns:s='http://www.w3.org/2000/svg'>alert(1)</s:script>", ""),
        ("<h:script xmlns:h='http://www.w3.org/1999/xhtml'>alert(1)</h:script>", ""),
        ("<g><script><rect/></script></g>", "<g/>"),
        ("<foreignObject><body xmlns='http://www.w3.org/1999/xhtml'><rect/></body></foreignObject>", ""),
        ("<rect xmlns='http://www.w3.org/1999/xhtml'/>", ""),
        ("<iframe src='https://example.com'/><audio/><video/><handler/><canvas/>", ""),
        ("<rect width='1'><animate attributeName='href' to='javascript:x'/><set/></rect>", "<rect width=\"1\"/>"),
        ("<animateTransform/><animateMotion><mpath/></animateMotion><discard/>", ""),
        ("<rect onload='x()' onclick=\"x()\" ONCLICK='x()' onfocusin='x()'/>", "<rect/>"),
        ("<rect xml:base='https://example.com/' xml:space='preserve'/>", "<rect xml:space=\"preserve\"/>"),
        ("<rect xmlns:e='http://www.w3.org/2001/xml-events' e:event='x' data-x='y' unknown='z'/>", "<rect/>"),
        ("<a href='javascript:alert(1)' target='_top'><rect/></a>", "<a><rect/></a>"),
        ("<a xlink:href='https://example.com'>t</a>", "<a>t</a>"),
        ("<?php system('id') ?><?xml-stylesheet href='https://example.com/x.css'?><rect/>", "<rect/>"),
        ("<!-- <script>x</script> --><g><![CDATA[<script>x</script>]]></g>", "<g/>"),
        ("<text><![CDATA[<script>x</script>]]></text>", "<text>&lt;script&gt;x&lt;/script&gt;</text>"),
        ("<text>&#60;script&#62;&amp;amp;</text>", "<text>&lt;script&gt;&amp;amp;</text>"),
        ("<metadata><x xmlns='urn:x'/></metadata><rect/>", "<rect/>"),
        ("loose words<g>more</g>", "<g/>"),
        // References.
        ("<image xlink:href='file:///etc/passwd'/>", ""),
        ("<image href='https://example.com/x.png'/>", ""),
        ("<image href='/etc/passwd'/><image/>", ""),
        ("<image href='data:image/svg+xml;base64,PHN2Zy8+'/>", ""),
        ("<image href='data:text/html,hello'/>", ""),
        ("<image href='data:image/jpeg;base64,\(redPNG)'/>", ""),
        ("<image href='data:image/png,\(redPNG)'/>", ""),
        ("<image href='https://example.com' xlink:href='data:image/png;base64,\(redPNG)'/>", ""),
        ("<use xlink:href='https://example.com/x.svg#a'/>", ""),
        ("<use href='x.svg#a'/><use href='data:image/svg+xml,x#a'/><use href='#'/>", ""),
        ("<linearGradient xlink:href='x.svg#a'><stop/></linearGradient>", "<linearGradient><stop/></linearGradient>"),
        ("<filter id='f'><feImage href='file:///etc/passwd'/></filter>", "<filter id=\"f\"/>"),
        ("<filter><feTurbulence numOctaves='99'/><feConvolveMatrix order='9'/></filter>", "<filter/>"),
        ("<filter><feGaussianBlur stdDeviation='1e9'/><feMorphology radius='9999'/></filter>", "<filter/>"),
        ("<rect fill='url(https://example.com/#x)' mask='url(x.svg#a)' width='1'/>", "<rect width=\"1\"/>"),
        ("<rect filter='URL(\"//example.com\")' clip-path='u\\72l(x)' fill='red'/>", "<rect fill=\"red\"/>"),
        ("<rect cursor='url(x)' fill='image-set(\"https://example.com/x\" 1x)'/>", "<rect/>"),
        // Styles.
        ("<rect style='fill:url(https://example.com/x);stroke:red'/>", "<rect style=\"stroke:red\"/>"),
        ("<rect style='fill:url( \"//example.com\" )'/>", "<rect/>"),
        ("<rect style='fill:url(#a) url(https://example.com)'/>", "<rect/>"),
        ("<rect style='background:url(x);-moz-binding:url(#x);behavior:url(#x);--x:url(#a)'/>", "<rect/>"),
        ("<rect style='fill:expression(alert(1))'/>", "<rect/>"),
        ("<rect style='f\\69ll:red;fill:\\72 ed'/>", "<rect/>"),
        (
            "<rect style='fi/**/ll:red;stroke:bl/*;fill:url(x)*/ue;opacity:/* */1'/>",
            "<rect style=\"stroke:bl ue;opacity:1\"/>"
        ),
        ("<rect style='font-family:\"a;fill:url(x)\"'/>", "<rect/>"),
        ("<rect style='fill:red}*{fill:url(x)'/>", "<rect/>"),
        ("<style>@import 'https://example.com/x.css';rect{fill:red}</style>", "<style>rect{fill:red}\n</style>"),
        ("<style>@import url(https://example.com/x.css); @charset 'x';</style>", "<style/>"),
        (
            "<style>@media all{rect{fill:url(x)}} @font-face{src:url(x)} g{opacity:1}</style>",
            "<style>g{opacity:1}\n</style>"
        ),
        (
            "<style>a{fill:url(//example.com)}b{fill:url('#x');stroke:src(x)}</style>",
            "<style>b{fill:url('#x')}\n</style>"
        ),
        (
            "<style>/* } */a/**/{fill:red}/* unfinished b{fill:blue}</style>",
            "<style>a {fill:red}\n</style>".replacing("a {", with: "a{")
        ),
        ("<style>a{fill:red;@import url(x);stroke:red}</style>", "<style>a{fill:red;stroke:red}\n</style>"),
        ("<style>a{b{fill:url(x)}}c{fill:red}</style>", "<style/>"),
        ("<style><![CDATA[a{fill:red}</style><script>x</script>]]></style>", "<style>a{fill:red}\n</style>"),
        ("<style>a{fill:red}<script>b{}</script></style>", "<style>a{fill:red}\n</style>"),
        ("<style>[title=\"}\"]{fill:red}</style>", "<style/>"),
        ("<style>@import \"a\nb\";url(x){fill:red}</style>", "<style/>"),
    ]

    @Test(arguments: attacks) func `what could run or load is dropped`(content: String, remains: String) throws {
        #expect(try sanitisedContent(content) == remains)
    }

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

    @Test(arguments: attacks.map(\.content) + kept) func `sanitising again changes nothing`(content: String) throws {
        let once = try sanitised(svg(content))
        #expect(try sanitised(Array(once.utf8)) == once)
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
