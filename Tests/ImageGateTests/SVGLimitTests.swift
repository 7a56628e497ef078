import Foundation
import Testing

@testable import ImageGate

@Suite(.timeLimit(.minutes(10)))
struct SVGLimitTests {
    private static let start = "<svg xmlns='http://www.w3.org/2000/svg'"

    // MARK: Prolog

    @Test(arguments: [
        "<!DOCTYPE svg [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;'>]><svg xmlns='http://www.w3.org/2000/svg'><text>&b;</text></svg>",
        "<!DOCTYPE svg [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><svg xmlns='http://www.w3.org/2000/svg'><text>&x;</text></svg>",
        "<!DOCTYPE svg SYSTEM 'x' [<!ENTITY % p SYSTEM 'http://example.com/x.dtd'> %p;]><svg/>",
        "<?xml version='1.0'?><!-- a --><!DOCTYPE svg [ <!ENTITY a \"<g/>\"> ]><svg>&a;</svg>",
        "<!DOCTYPE svg [<!ENTITY a PUBLIC 'x' 'file:///etc/passwd'>]><svg/>",
        "<!DOCTYPE svg [<!ENTITY a 'x' NDATA y>]><svg/>", "<!DOCTYPE svg [<!ENTITY a '%b;'>]><svg/>",
        "<!DOCTYPE svg [<!ENTITY a '&lt;script&gt;'>]><svg><text>&a;</text></svg>",
        "<!DOCTYPE svg [<!ENTITY a '\(String(repeating: "x", count: 1025))'>]><svg/>",
        "<!DOCTYPE svg [\((0...64).map { "<!ENTITY a\($0) 'x'>" }.joined())]><svg/>",
        "<!DOCTYPE svg [<!ENTITY a '\(String(repeating: "x", count: 1000))'>]><svg><text>"
            + String(repeating: "&a;", count: 1100) + "</text></svg>",
    ])
    func `entity declarations are refused`(document: String) {
        #expect(throws: ImageGateError.forbidden(.svg, what: "entity declarations")) {
            try sanitised(Array(document.utf8))
        }
    }

    @Test(arguments: [
        "<!DOCTYPE svg [%a;]><svg/>", "<!DOCTYPE svg [<![INCLUDE[]]>]><svg/>", "<!DOCTYPE svg [x]><svg/>",
    ])
    func `a DTD of its own is refused`(document: String) {
        #expect(throws: ImageGateError.forbidden(.svg, what: "a DTD of its own")) {
            try sanitised(Array(document.utf8))
        }
    }

    @Test(arguments: [
        "<!DOCTYPE svg PUBLIC \"-//W3C//DTD SVG 1.1//EN\" \"file:///etc/[passwd]\"><svg/>",
        "<!DOCTYPE svg [<!ATTLIST svg onload CDATA 'x()'>]><svg/>", "<!DOCTYPE svg []><svg/>",
        "<!DOCTYPE svg [ <!-- ]> --> <?x ]> ?> <!ELEMENT svg ANY> <!ENTITY a ']>'> ]  ><svg/>",
        "<?xml version='1.0' encoding=\"ISO-8859-1\"?><svg/>", "<?xml version='1.0' encoding='utf-16'?><svg/>",
        "<!DOCTYPE svg><svg/>", "<!-- <!DOCTYPE svg [<!ENTITY a 'b'>]> --><svg/>", "<?php <!ENTITY ?> <svg/>",
        "<?xml version='1.0' encoding='UTF-8'?>\n<svg/>", "<?xml version=\"1.0\" encoding = \"utf-8\"?><svg/>",
        "<?xml version='1.0' encoding='US-ASCII' standalone='no'?><svg/>", "\u{FEFF}<svg/>", "  \n<svg/>\n<!-- end -->",
    ])
    func `a harmless prolog is dropped`(document: String) throws {
        #expect(try sanitised(Array(document.utf8)) == "<svg xmlns=\"http://www.w3.org/2000/svg\"/>")
    }

    @Test(arguments: [
        Array("<?xml version='1.0' encoding='UTF-7'?><svg/>".utf8),
        Array("<?xml version='1.0' encoding='Shift_JIS'?><svg><text>".utf8) + [0xE4] + Array("</text></svg>".utf8),
    ])
    func `other encodings are refused`(document: [UInt8]) {
        #expect(throws: ImageGateError.forbidden(.svg, what: "an encoding other than UTF-8")) {
            try sanitised(document)
        }
    }

    // MARK: Form

    @Test(arguments: [
        "<svg>", "<svg><g></svg>", "<svg/><svg/>", "<svg>&nbsp;</svg>", "<svg>&a;</svg>", "<svg a='1' a='2'/>",
        "<svg a=1/>",
        "<svg a='<'/>", "<svg/>tail", "<x:svg/>", "<html/>",
        "<html xmlns='http://www.w3.org/2000/svg'/>",
        "<svg xmlns='http://www.w3.org/1999/xhtml'/>", "words", "\u{0}<svg/>", "<svg>\u{0}</svg>", "<svg>\u{1}</svg>",
        "<svg>&#0;</svg>", "<svg><text>&#x1;</text></svg>", "{\"svg\": 1}", "   ", "<!---><svg/>",
        "<svg><!-- a -- b --></svg>", "<svg><text>]]></text></svg>",
    ])
    func `what is not well-formed is refused`(document: String) throws {
        let rejection = #expect(throws: ImageGateError.self) { try sanitised(Array(document.utf8)) }
        switch try #require(rejection) {
        case .malformed(.svg, let why): #expect(!why.isEmpty && !why.contains("\n"))
        case .truncated(.svg): break
        case let other: Issue.record("\(other)")
        }
    }

    @Test func `bytes that are not UTF-8 are refused`() {
        #expect(throws: ImageGateError.self) { try sanitised(svg("<text>") + [0xC3, 0x28] + Array("</text>".utf8)) }
        #expect(throws: ImageGateError.self) {
            try sanitised(Array("<svg><text>".utf8) + [0xE4] + Array("</text></svg>".utf8))
        }
    }

    @Test func `every truncation is refused`() throws {
        let document = svg("<!-- a --><g a='b'><text>x &amp; y<![CDATA[z]]></text></g><?pi?>")
        for count in 0..<document.count {
            #expect(throws: ImageGateError.self, "\(count)") { try sanitised(Array(document[..<count])) }
        }
    }

    @Test func `every changed byte gives an image or a rejection`() throws {
        let document = svg("<style>a{fill:url(#b)}</style><use xlink:href='#b'/><g id='b' style='fill:red'/>")
        for index in document.indices {
            for byte: UInt8 in [0, 0x22, 0x26, 0x27, 0x28, 0x2F, 0x3C, 0x3E, 0x5C, 0x7B, 0x80, 0xFF] {
                var changed = document
                changed[index] = byte
                do throws(ImageGateError) {
                    let once = try sanitised(changed)
                    #expect(try sanitised(Array(once.utf8)) == once)
                } catch {}
            }
        }
    }

    // MARK: Limits

    @Test func `too many bytes are refused`() {
        let document = svg(String(repeating: " ", count: SVGLimit.document))
        #expect(throws: ImageGateError.tooManyBytes(count: document.count, limit: SVGLimit.document)) {
            try sanitised(document)
        }
        var policy = ImagePolicy()
        policy.inputByteLimit = 10
        #expect(throws: ImageGateError.tooManyBytes(count: 11, limit: 10)) {
            try SVGImage(sanitising: Array("<svg>12345>".utf8), policy: policy)
        }
        #expect(throws: ImageGateError.empty) { try sanitised([]) }
    }

    @Test(arguments: [SVGLimit.depth - 1, SVGLimit.depth, 100_000])
    func `nesting has a limit`(levels: Int) throws {
        let document = svg(String(repeating: "<g>", count: levels) + String(repeating: "</g>", count: levels))
        if levels < SVGLimit.depth {
            #expect(try sanitised(document).contains("<g>"))
        } else {
            #expect(throws: ImageGateError.forbidden(.svg, what: "more than 200 levels")) { try sanitised(document) }
        }
    }

    /// librsvg has a limit of its own, from 2.58 on: 50 layers.
    @Test func `what is nested as drawing programs nest it is drawn`() throws {
        let document = svg(String(repeating: "<g>", count: 40) + String(repeating: "</g>", count: 40))
        #expect(
            try SVGImage(sanitising: document, policy: ImagePolicy()).rasterised(policy: ImagePolicy()).width == 100)
    }

    @Test(arguments: [SVGLimit.elements - 1, SVGLimit.elements]) func `elements have a limit`(count: Int) throws {
        let document = svg(String(repeating: "<g/>", count: count))
        if count < SVGLimit.elements {
            #expect(try sanitised(document).utf8.count > count * 4)
        } else {
            #expect(throws: ImageGateError.forbidden(.svg, what: "more than 200000 elements")) {
                try sanitised(document)
            }
        }
    }

    @Test(arguments: [SVGLimit.attributes, SVGLimit.attributes + 1, 500_000])
    func `attributes have a limit`(count: Int) throws {
        let document = svg("<g " + (0..<count).map { "a\($0)=''" }.joined(separator: " ") + "/>")
        if count <= SVGLimit.attributes {
            #expect(try sanitised(document).hasSuffix("<g/></svg>"))
        } else {
            #expect(throws: ImageGateError.forbidden(.svg, what: "more than 128 attributes of one element")) {
                try sanitised(document)
            }
        }
    }

    @Test func `a comment cannot hide attributes from the count`() {
        let attributes = (0..<200).map { "a\($0)=''" }.joined(separator: " ")
        for opening in [
            "<!--><a x=\"-->", "<!---><a x=\"-->", "<?><a x=\"?>", "<![CDATA[<a x=\"]]>", "<g a='>' b=\"'\"/>",
        ] {
            #expect(throws: ImageGateError.forbidden(.svg, what: "more than 128 attributes of one element")) {
                try sanitised(svg("\(opening)<g \(attributes)/>"))
            }
        }
    }

    @Test func `namespaces have a limit`() {
        #expect(throws: ImageGateError.forbidden(.svg, what: "more than 1000 namespace declarations")) {
            try sanitised(svg((0...1000).map { "<g xmlns:a\($0)='urn:x'/>" }.joined()))
        }
    }

    @Test(arguments: [
        "<g id='a'><use href='#a'/></g>", "<g id='a'><use href='#b'/></g><g id='b'><use href='#a'/></g>",
        "<pattern id='p'><rect fill='url(#p)'/></pattern>", "<mask id='m'><g style='mask:url(\"#m\")'/></mask>",
    ])
    func `references in a circle are refused`(content: String) {
        #expect(throws: ImageGateError.forbidden(.svg, what: "references in a circle")) { try sanitised(svg(content)) }
    }

    @Test func `a document that shows itself is refused`() {
        #expect(throws: ImageGateError.forbidden(.svg, what: "references in a circle")) {
            try sanitised(svg("<use href='#root'/>", "id='root'"))
        }
    }

    @Test func `uses that multiply are refused`() {
        let levels = (1...30).map { "<g id='a\($0)'><use href='#a\($0 - 1)'/><use href='#a\($0 - 1)'/></g>" }
        #expect(throws: ImageGateError.forbidden(.svg, what: "references that draw more than 500000 elements")) {
            try sanitised(svg("<rect id='a0'/>" + levels.joined() + "<use href='#a30'/>"))
        }
    }

    @Test func `a long chain of uses is refused`() {
        let levels = (1...50_000).map { "<g id='a\($0)'><use href='#a\($0 - 1)'/></g>" }
        #expect(throws: ImageGateError.forbidden(.svg, what: "more than 200 levels")) {
            try sanitised(svg("<rect id='a0'/>" + levels.reversed().joined()))
        }
    }

    @Test func `a plot of many points passes`() throws {
        let points = (0..<60_000).map { "<use href='#p' x='\($0 % 100)' y='\($0 / 600)'/>" }
        #expect(try sanitised(svg("<path id='p' d='M0 0h1'/>" + points.joined())).ranges(of: "<use").count == 60_000)
    }

    @Test(arguments: [
        "@a;", "@a ", "@a{;", "@a{b{}}", "a{b{}", "a{fill:(;", "fill:url(#a", "url('", "/*", "a{fill:red}", "{", "}",
    ])
    func `styles take linear time`(part: String) throws {
        // Quadratic time would not end before the suite's limit.
        let styles = String(repeating: part, count: 100_000)
        let clean = try sanitisedContent("<style>\(styles)</style><rect fill=\"\(styles)\" style=\"a:\(styles)\"/>")
        #expect(clean.ranges(of: "fill:red").count == (part == "a{fill:red}" ? SVGLimit.styleRules : 0))
    }

    @Test func `embedded images have a limit`() {
        #expect(throws: ImageGateError.forbidden(.svg, what: "embedded images of more than 16000000 pixels")) {
            try sanitised(svg("<image href='data:image/png;base64,\(hugePNG)'/>"))
        }
    }
}
