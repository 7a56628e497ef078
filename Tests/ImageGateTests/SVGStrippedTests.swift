import Foundation
import Testing
import TestSupport

@testable import ImageGate

/// What is taken out of a drawing: the list of the page `SVG`, each line of it with what it means.
@Suite(.timeLimit(.minutes(10)))
struct SVGStrippedTests {
    /// A line of the list; documents' contents, and what must be left of each.
    typealias Row = (what: String, examples: [(content: String, remains: String)])

    static let rows: [Row] = [
        (
            "scripts, of any kind and in any spelling",
            [
                ("<script>alert(1)</script>", ""),
                ("<script xlink:href='https://example.com/x.js'/>", ""),
                ("<script href='data:text/javascript,x()' type='module'/>", ""),
                ("<SCRIPT>alert(1)</SCRIPT>", ""),
                ("<s:script xmlns:s='http://www.w3.org/2000/svg'>alert(1)</s:script>", ""),
                ("<h:script xmlns:h='http://www.w3.org/1999/xhtml'>alert(1)</h:script>", ""),
                ("<g><script><rect/></script></g>", "<g/>"),
                ("<handler type='text/ecmascript'>x()</handler><listener/>", ""),
                ("<text><![CDATA[<script>x</script>]]></text>", "<text>&lt;script&gt;x&lt;/script&gt;</text>"),
                ("<text>&#60;script&#62;&amp;amp;</text>", "<text>&lt;script&gt;&amp;amp;</text>"),
                ("<text>&#x3C;script&#x3E;</text>", "<text>&lt;script&gt;</text>"),
            ]
        ),
        (
            "event handlers: `onload`, `onclick` and all others",
            [
                ("<rect onload='x()' onclick=\"x()\" ONCLICK='x()' onfocusin='x()'/>", "<rect/>"),
                ("<rect xmlns:e='http://www.w3.org/2001/xml-events' e:event='x'/>", "<rect/>"),
                ("<g onbegin='x()' onrepeat='x()'><path onmouseover='x()' d='M0 0'/></g>", "<g><path d=\"M0 0\"/></g>"),
            ]
        ),
        (
            "the targets of links, `javascript:` and others; what is linked stays",
            [
                ("<a href='javascript:alert(1)' target='_top'><rect/></a>", "<a><rect/></a>"),
                ("<a xlink:href='https://example.com'>t</a>", "<a>t</a>"),
                ("<a href='#x' ping='https://example.com' download='x'>t</a>", "<a>t</a>"),
            ]
        ),
        (
            "other languages: HTML, MathML, media; the words of a `foreignObject` stay, as text",
            [
                ("<foreignObject><body xmlns='http://www.w3.org/1999/xhtml'><rect/></body></foreignObject>", ""),
                ("<rect xmlns='http://www.w3.org/1999/xhtml'/>", ""),
                (
                    "<foreignObject><div xmlns='http://www.w3.org/1999/xhtml'><script>x()</script><style>x</style></div></foreignObject>",
                    ""
                ),
                ("<m:math xmlns:m='http://www.w3.org/1998/Math/MathML'><m:mi>x</m:mi></m:math>", ""),
                ("<iframe src='https://example.com'/><audio/><video/><canvas/><embed/><object/>", ""),
            ]
        ),
        (
            "animations: `animate`, `set` and their kin",
            [
                (
                    "<rect width='1'><animate attributeName='href' to='javascript:x'/><set/></rect>",
                    "<rect width=\"1\"/>"
                ),
                ("<animateTransform/><animateMotion><mpath/></animateMotion><animateColor/><discard/>", ""),
            ]
        ),
        (
            "references to other documents, in attributes and in styles",
            [
                ("<use xlink:href='https://example.com/x.svg#a'/>", ""),
                ("<use href='x.svg#a'/><use href='data:image/svg+xml,x#a'/><use href='#'/>", ""),
                (
                    "<linearGradient xlink:href='x.svg#a'><stop/></linearGradient>",
                    "<linearGradient><stop/></linearGradient>"
                ),
                ("<tref xlink:href='x.svg#a'/><cursor xlink:href='x.cur'/><color-profile xlink:href='x.icc'/>", ""),
                ("<rect fill='url(https://example.com/#x)' mask='url(x.svg#a)' width='1'/>", "<rect width=\"1\"/>"),
                ("<rect filter='URL(\"//example.com\")' clip-path='u\\72l(x)' fill='red'/>", "<rect fill=\"red\"/>"),
                ("<rect cursor='url(x)' fill='image-set(\"https://example.com/x\" 1x)'/>", "<rect/>"),
                ("<rect style='fill:url(https://example.com/x);stroke:red'/>", "<rect style=\"stroke:red\"/>"),
                ("<rect style='fill:url( \"//example.com\" )'/>", "<rect/>"),
                ("<rect style='fill:url(#a) url(https://example.com)'/>", "<rect/>"),
                ("<rect style='fill:red}*{fill:url(x)'/>", "<rect/>"),
                ("<rect style='font-family:\"a;fill:url(x)\"'/>", "<rect/>"),
                (
                    "<style>a{fill:url(//example.com)}b{fill:url('#x');stroke:src(x)}</style>",
                    "<style>b{fill:url('#x')}\n</style>"
                ),
                ("<rect xml:base='https://example.com/' xml:space='preserve'/>", "<rect xml:space=\"preserve\"/>"),
                (
                    "<text><xi:include xmlns:xi='http://www.w3.org/2001/XInclude' href='file:///etc/passwd'/></text>",
                    "<text/>"
                ),
            ]
        ),
        (
            "images that are not within the document, and decodable: PNG, JPEG, GIF, WebP, or a drawing, which is cleaned, too",
            [
                ("<image xlink:href='file:///etc/passwd'/>", ""),
                ("<image href='https://example.com/x.png'/>", ""),
                ("<image href='/etc/passwd'/><image/>", ""),
                ("<image href='data:image/svg+xml;base64,PHN2Zy'/>", ""),
                ("<image href='data:image/svg+xml,%3Chtml/%3E'/>", ""),
                ("<image href='data:text/html,hello'/>", ""),
                ("<image href='data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAACADs='/>", ""),
                ("<image href='data:image/bmp;base64,Qk0='/>", ""),
                ("<image href='data:image/jpeg;base64,\(redPNG)'/>", ""),
                ("<image href='data:image/png,\(redPNG)'/>", ""),
                ("<image href='data:image/png;base64,\(redPNG.dropLast(8))'/>", ""),
                ("<image href='https://example.com' xlink:href='data:image/png;base64,\(redPNG)'/>", ""),
            ]
        ),
        (
            "comments and metadata of those images",
            [
                (
                    "<image href='data:image/png;base64,\(redPNGWithText)'/>",
                    "<image href=\"data:image/png;base64,\(redPNG)\"/>"
                )
            ]
        ),
        (
            "at-rules of style sheets (`@import`, `@font-face`), what is for print or dark mode, escapes, rules that are not plain",
            [
                (
                    "<style>@import 'https://example.com/x.css';rect{fill:red}</style>",
                    "<style>rect{fill:red}\n</style>"
                ),
                ("<style>@import url(https://example.com/x.css); @charset 'x';</style>", "<style/>"),
                (
                    "<style>@media all{rect{fill:url(x)}} @font-face{src:url(x)} g{opacity:1}</style>",
                    "<style>g{opacity:1}\n</style>"
                ),
                (
                    "<style>@media print{rect{fill:red}} @media (prefers-color-scheme:dark){rect{fill:red}}</style>",
                    "<style/>"
                ),
                ("<style media='print'>rect{fill:red}</style>", ""),
                (
                    "<style>@media screen{@import url(x);rect{fill:red;stroke:url(//x)}}</style>",
                    "<style>rect{fill:red}\n</style>"
                ),
                ("<style>a{fill:red;@import url(x);stroke:red}</style>", "<style>a{fill:red;stroke:red}\n</style>"),
                ("<style>a{b{fill:url(x)}}c{fill:red}</style>", "<style/>"),
                ("<style>/* } */a/**/{fill:red}/* unfinished b{fill:blue}</style>", "<style>a{fill:red}\n</style>"),
                ("<style><![CDATA[a{fill:red}</style><script>x</script>]]></style>", "<style>a{fill:red}\n</style>"),
                ("<style>a{fill:red}<script>b{}</script></style>", "<style>a{fill:red}\n</style>"),
                ("<style>[title=\"}\"]{fill:red}</style>", "<style/>"),
                ("<style>@import \"a\nb\";url(x){fill:red}</style>", "<style/>"),
                ("<rect style='f\\69ll:red;fill:\\72 ed'/>", "<rect/>"),
                (
                    "<rect style='fi/**/ll:red;stroke:bl/*;fill:url(x)*/ue;opacity:/* */1'/>",
                    "<rect style=\"stroke:bl ue;opacity:1\"/>"
                ),
            ]
        ),
        (
            "properties and attributes that are not SVG's, or could load something",
            [
                ("<rect style='background:url(x);-moz-binding:url(#x);behavior:url(#x);--x:url(#a)'/>", "<rect/>"),
                ("<rect style='fill:expression(alert(1));content:attr(x);cursor:pointer'/>", "<rect/>"),
                ("<rect style='fill:var(--x);stroke:env(x);clip-path:path(\"M0 0\")'/>", "<rect/>"),
                ("<rect data-x='y' unknown='z' src='x' xmlns:i='urn:inkscape' i:label='a'/>", "<rect/>"),
            ]
        ),
        (
            "filters that load (`feImage`); their elements stay. What takes long is cut down: blurs over 100, noise of many octaves",
            [
                ("<filter id='f'><feImage href='file:///etc/passwd'/></filter>", ""),
                ("<filter><feOffset/><feImage href='#a'/></filter><g filter='url(#f)'/>", "<g filter=\"url(#f)\"/>"),
                ("<filter id='f'/><filter><feNonsense/></filter>", ""),
                (
                    "<filter><feTurbulence numOctaves='99' stitchTiles='stitch'/></filter>",
                    "<filter><feTurbulence numOctaves=\"6\"/></filter>"
                ),
                (
                    "<filter><feConvolveMatrix order='9' kernelUnitLength='1e-9'/></filter>",
                    "<filter><feConvolveMatrix order=\"7\"/></filter>"
                ),
                (
                    "<filter><feGaussianBlur stdDeviation='1e9'/><feMorphology radius='9999 1'/></filter>",
                    "<filter><feGaussianBlur stdDeviation=\"100\"/><feMorphology radius=\"100 1\"/></filter>"
                ),
                ("<filter><feGaussianBlur stdDeviation='x'/></filter>", "<filter><feGaussianBlur/></filter>"),
                (
                    "<filter><feGaussianBlur stdDeviation='100'/></filter>",
                    "<filter><feGaussianBlur stdDeviation=\"100\"/></filter>"
                ),
            ]
        ),
        (
            "comments, processing instructions, `metadata`, and words outside of text",
            [
                ("<?php system('id') ?><?xml-stylesheet href='https://example.com/x.css'?><rect/>", "<rect/>"),
                ("<!-- <script>x</script> --><g><![CDATA[<script>x</script>]]></g>", "<g/>"),
                ("<metadata><x xmlns='urn:x'/></metadata><rect/>", "<rect/>"),
                ("loose words<g>more</g>", "<g/>"),
            ]
        ),
    ]

    static let examples = rows.flatMap(\.examples)

    private let page = Binaries.repository.appending(path: "Sources/ImageGate/ImageGate.docc/SVG.md")

    @Test(arguments: rows.map(\.what)) func `the documentation says it, and it is so`(what: String) throws {
        let page = try String(contentsOf: page, encoding: .utf8)
        #expect(page.contains("\n- \(what)\n"))
        for example in try #require(Self.rows.first { $0.what == what }).examples {
            #expect(try sanitisedContent(example.content) == example.remains, "\(example.content)")
        }
    }

    @Test func `the documentation lists no more than is tested`() throws {
        let page = try String(contentsOf: page, encoding: .utf8)
        let section = try #require(page.split(separator: "## What is taken out of an SVG\n").last)
        let lines = section.split(separator: "\n", omittingEmptySubsequences: false)
            .prefix { !$0.hasPrefix("## ") && !$0.hasPrefix("### ") }.filter { $0.hasPrefix("- ") }
        #expect(lines.map { String($0.dropFirst(2)) } == Self.rows.map(\.what))
    }
}

/// The red pixel with a comment.
private let redPNGWithText: String = {
    let bytes = Data(base64Encoded: redPNG).map { [UInt8]($0) } ?? []
    let text = SampleImages.pngChunk("tEXt", Array("Comment\0<script>".utf8))
    return Data(bytes[..<33] + text + bytes[33...]).base64EncodedString()
}()
