import Foundation
import Testing
import TestSupport

@testable import ImageGate

/// What browsers draw and librsvg does not know: it is drawn nevertheless.
@Suite(.timeLimit(.minutes(10)))
struct SVGMendedTests {
    private func drawn(_ document: String) throws -> Bitmap { try drawn(Array(document.utf8)) }

    private func drawn(_ document: [UInt8]) throws -> Bitmap { try decodedPNG(admit(document, .svg).bytes) }

    /// The content of a document of 100 by 100, drawn.
    private func drawn(content: String, _ rootAttributes: String = "") throws -> Bitmap {
        try drawn(svg(content, rootAttributes))
    }

    private func ink(_ bitmap: Bitmap) -> Int {
        (0..<bitmap.size.area).count { bitmap.rgba($0 % bitmap.size.width, $0 / bitmap.size.width)[3] > 100 }
    }

    private static let blue = [0, 0, 255, 255]
    private static let red = [255, 0, 0, 255]
    private static let green = [0, 128, 0, 255]

    // MARK: Filters

    @Test(arguments: [
        "<feImage href='#x'/>", "<feOffset/><feImage href='#x' result='i'/><feBlend in='SourceGraphic' in2='i'/>",
        "<feUnknown/>", "", "<feGaussianBlur stdDeviation='x'/>", "<zz/>",
        "<feTurbulence baseFrequency='.05' result='n'/><feDisplacementMap in='SourceGraphic' in2='n' scale='2'/>",
        "<feConvolveMatrix order='3' kernelMatrix='0 0 0 0 1 0 0 0 0'/>",
        "<feDiffuseLighting lighting-color='white' result='l'><fePointLight x='50' y='50' z='90'/></feDiffuseLighting>"
            + "<feMerge><feMergeNode in='l'/><feMergeNode in='SourceGraphic'/></feMerge>",
        "<feGaussianBlur in='nothing' stdDeviation='1'/>", "<feBlend in='BackgroundImage' in2='SourceGraphic'/>",
        "<feMerge><feMergeNode in='nothing'/><feMergeNode in='SourceGraphic'/></feMerge>",
        "<feComposite in='SourceGraphic' in2='BackgroundAlpha' operator='nonsense'/>", "<feOffset dx='none'/>",
        "<feComposite in='SourceGraphic' in2='SourceGraphic' operator='lighter'/>",
        "<feGaussianBlur stdDeviation='-1'/>",
        "<feColorMatrix values='1 2'/>", "<feColorMatrix type='x' values='x'/>", "<feMorphology radius='-1'/>",
        "<feDropShadow dx='3' dy='3' stdDeviation='1'/>", "<feMorphology operator='dilate' radius='0'/>",
    ])
    func `an element with a filter stays`(filter: String) throws {
        for reference in ["filter='url(#f)'", "style='filter:url(#f)'", "class='c'"] {
            let bitmap = try drawn(
                content: "<style>.c{filter:url(\"#f\")}</style><filter id='f'>\(filter)</filter>"
                    + "<rect x='20' y='20' width='60' height='60' fill='blue' \(reference)/>")
            #expect(bitmap.rgba(50, 50) == Self.blue, "\(filter)")
        }
    }

    @Test func `a drop shadow is drawn behind its element`() throws {
        let shadow = "<feDropShadow dx='10' dy='10' stdDeviation='0' flood-color='red' flood-opacity='1'/>"
        let rectangle = "<rect x='10' y='10' width='40' height='40' fill='blue' filter='url(#f)'/>"
        for filter in [
            shadow, "<feOffset/>\(shadow)", "<feOffset result='o'/>\(shadow)",
            shadow.replacing("dx", with: "in='SourceGraphic' dx"),
            "<feOffset result='shadow0'/>\(shadow)", shadow + "<feOffset/>",
        ] {
            let bitmap = try drawn(content: "<filter id='f' width='2' height='2'>\(filter)</filter>\(rectangle)")
            #expect(bitmap.rgba(30, 30) == Self.blue, "\(filter)")
            #expect(bitmap.rgba(55, 55) == Self.red, "\(filter)")
            #expect(bitmap.rgba(80, 80)[3] == 0, "\(filter)")
        }
        // Of two, the second is that of both.
        let two = try drawn(
            content:
                "<filter id='f' width='2' height='2'>\(shadow)\(shadow.replacing("red", with: "lime"))</filter>\(rectangle)"
        )
        #expect(two.rgba(55, 55) == Self.red && two.rgba(65, 65) == [0, 255, 0, 255])
        let function = try drawn(content: rectangle.replacing("url(#f)", with: "drop-shadow(10px 10px 0 red)"))
        #expect(function.rgba(30, 30) == Self.blue && function.rgba(55, 55) == Self.red)
    }

    // MARK: The root

    @Test(arguments: [
        "style='background:#0000ff'", "style='background-color: blue'", "style='background: rgb(0,0,255) none'",
        "style='background:transparent;background-color:blue'", "viewBox='50 50 20 10' style='background:blue'",
        "viewBox='0 0 10 20' preserveAspectRatio='xMinYMin' style='background:blue'",
        "style='--b:#00f;background:var(--b)'", "style='background-color:light-dark(blue, red)'",
        "style='background:linear-gradient(to right, blue, blue)'",
    ])
    func `the root's background is drawn`(attributes: String) throws {
        let bitmap = try drawn(content: "<style>rect{fill:red;opacity:0.5}</style>", attributes)
        for (x, y) in [(0, 0), (99, 0), (0, 99), (99, 99), (50, 50)] { #expect(bitmap.rgba(x, y) == Self.blue) }
    }

    @Test func `a background may come of a style sheet, and is none if it is not a colour`() throws {
        for sheet in ["svg{background:blue}", ":root{background-color:blue}", "#r{background:blue}"] {
            #expect(try drawn(content: "<style>\(sheet)</style>", "id='r'").rgba(1, 99) == Self.blue)
        }
        for value in ["none", "url(x.png)", "transparent", "rgba(0,0,0,0)", "nonsense", "url(javascript:x)"] {
            #expect(try sanitised(svg("", "style='background:\(value)'")) == sanitised(svg("")), "\(value)")
        }
        for (value, middle, corner) in [
            ("radial-gradient(red,red,blue 80%)", Self.red, Self.blue),
            ("radial-gradient(circle 20px, red 99%, blue)", Self.red, Self.blue),
            ("radial-gradient(circle at bottom right, blue 50%, red 51%) 0 0", Self.red, Self.red),
            ("radial-gradient(50% 30% at 50% 50%, red 90%, blue)", Self.red, Self.blue),
            ("radial-gradient(ellipse farthest-side, red 70%, transparent 80%), blue", Self.red, Self.blue),
            ("linear-gradient(0.5turn, blue 0 40%, red 40% 60%, blue 60%)", Self.red, Self.blue),
        ] {
            let bitmap = try drawn(content: "", "style='background:\(value)'")
            #expect(bitmap.rgba(48, 48) == middle && bitmap.rgba(1, 1) == corner, "\(value)")
        }
        let gradient = try drawn(content: "", "style='background:linear-gradient(90deg, red 0%, blue 100%)'")
        #expect(gradient.rgba(1, 50)[0] > 240 && gradient.rgba(98, 50)[2] > 240)
    }

    @Test(arguments: [
        ("", 605, 405), ("width='100%' height='100%'", 605, 405), ("style='width:620px;height:420px'", 620, 420),
        ("width='9' height='9' style='width: 620px; height: 420px'", 620, 420), ("width='620'", 620, 405),
        ("height='420px'", 605, 420), ("width='620' height='420' style='width:100%;height:auto'", 620, 420),
        ("style='width:100%' viewBox='0 0 620 420'", 1134, 768),
    ])
    func `a drawing without a size is drawn whole`(attributes: String, width: Int, height: Int) throws {
        let content =
            "<rect x='10' y='10' width='600' height='400' fill='red' stroke='blue' stroke-width='5'/>"
        let bitmap = try drawn("<svg xmlns='http://www.w3.org/2000/svg' \(attributes)>\(content)</svg>")
        #expect(bitmap.size == PixelSize(width: width, height: height))
        #expect(bitmap.rgba(width / 2, height / 2) == Self.red)
    }

    @Test func `a style sheet may give the size`() throws {
        let bitmap = try drawn(
            "<svg xmlns='http://www.w3.org/2000/svg'><style>svg{width:200px;height:50px}</style><rect width='9' height='9'/></svg>"
        )
        #expect(bitmap.size == PixelSize(width: 200, height: 50))
    }

    // MARK: Style

    @Test(arguments: [
        "<style>:root{--c:blue}</style><rect style='fill:var(--c)' %/>",
        "<rect fill='var(--c, blue)' %/>", "<rect style='--c:blue;fill:var(--c)' %/>",
        "<style>svg{--a:var(--b);--b:blue}.r{fill:var(--a, red)}</style><rect class='r' %/>",
        "<style>.o{--c:red}.i{--c:blue}rect{fill:var(--c)}</style><g class='o'><g class='i'><rect %/></g></g>",
        "<style>rect{fill:var(--none, var(--more, blue))}</style><rect fill='red' %/>",
        "<style>rect{fill:red}.r{fill:var(--c)}</style><g style='--c: blue'><rect class='r' %/></g>",
        "<style>@media screen{rect{fill:blue}}</style><rect %/>",
        "<style>@media (prefers-color-scheme: dark){rect{fill:red}}@media print{rect{fill:red}}</style><rect fill='blue' %/>",
        "<style>@media (min-width:50px) and (max-width: 150px){rect{fill:blue}}</style><rect %/>",
        "<style>@media not print{@supports (fill:red){rect{fill:blue}}}</style><rect %/>",
        "<style media='print'>rect{fill:red}</style><style media='all'>rect{fill:blue}</style><rect %/>",
        "<style media='(prefers-color-scheme:dark)'>rect{fill:red}</style><rect fill='blue' %/>",
        "<style>[data-x='y']{fill:blue}</style><rect data-x='y' %/>",
        "<style>rect[data-x]{fill:blue}[data-x='no']{fill:red}</style><rect data-x='y' %/>",
        "<style>g[data-kind^=ba] rect{fill:blue}</style><g data-kind='bar'><rect %/></g>",
        "<rect style='fill:light-dark(blue, #f00)' %/>",
        "<style>:is(.a,.b){fill:blue}</style><rect class='b' %/>",
        "<style>:where(#r){fill:red}rect{fill:blue}</style><rect id='r' %/>",
        "<style>g :is(rect,circle):not(.x){fill:blue}</style><g><rect %/></g>",
        "<style>rect:not([data-k='y'],.z){fill:red}rect{stroke:none}</style><rect fill='blue' data-k='y' %/>",
        "<style>:is(g:not(.no) > :is(rect:first-child)){fill:blue}</style><g><rect %/></g>",
        "<style>g :is(:nth-child(2n+1),:last-child):not(circle){fill:blue}</style><g><path/><path/><rect %/></g>",
        "<style>:is(rect,{fill:red}:not(:is(:not(rect))){fill:blue}</style><rect fill='blue' %/>",
        "<style>:matches(rect),rect:is(.q, :unknown){fill:red}</style><rect fill='blue' %/>",
    ])
    func `style sheets mean what they mean on a bright screen`(content: String) throws {
        let document = content.replacing("%", with: "width='100' height='100'")
        #expect(try drawn(content: document).rgba(50, 50) == Self.blue)
    }

    @Test(arguments: [
        ":root{--a:var(--b);--b:var(--a)}", ":root{--a:var(--a)}", ":root{--a:url(https://example.com/x)}",
        ":root{--a:expression(x)}", ":root{--a:red;fill:url(x)}", ":root{--a:javascript:x}",
        ":root{--a0:x;\((1...40).map { "--a\($0):var(--a\($0 - 1)) var(--a\($0 - 1))" }.joined(separator: ";"));--a:var(--a40)}",
        "\((0..<1200).map { ".c\($0){--v\($0):x}" }.joined()):root{--a:var(--v1)}",
    ])
    func `variables lead nowhere and end`(sheet: String) throws {
        let clean = try sanitised(svg("<style>\(sheet)</style><rect style='stroke:var(--a)'/>"))
        for word in ["var(", "--a", "url(", "expression"] { #expect(!clean.contains(word)) }
        #expect(clean.utf8.count < 10_000)
        #expect(try sanitised(Array(clean.utf8)) == clean)
    }

    // MARK: Images

    @Test func `pixels are squares where they are to be`() throws {
        let checkered = SampleImages.png(width: 2, height: 2, colorType: 2, bitDepth: 8) { x, y in
            x == y ? [255, 0, 0] : [0, 0, 255]
        }
        let url = "data:image/png;base64,\(Data(checkered).base64EncodedString())"
        for (style, around) in [
            ("style='image-rendering:pixelated'", ""), ("image-rendering='optimizeSpeed'", ""),
            ("style='image-rendering:crisp-edges;image-rendering:pixelated'", ""),
            ("", "style='image-rendering:pixelated'"),
        ] {
            let image = "<image preserveAspectRatio='none' width='100' height='100' \(style) href='\(url)'/>"
            let bitmap = try drawn(content: "<g \(around)>\(image)</g>")
            for (x, y) in [(2, 2), (47, 47), (52, 52), (97, 97)] { #expect(bitmap.rgba(x, y) == Self.red) }
            for (x, y) in [(52, 47), (97, 2), (2, 97)] { #expect(bitmap.rgba(x, y) == Self.blue) }
        }
    }

    @Test func `drawings, GIFs and other forms of URLs are shown`() throws {
        let inner =
            "<svg xmlns='http://www.w3.org/2000/svg' width='20' height='20'><rect width='20' height='20' fill='blue'/></svg>"
        let base64 = Data(inner.utf8).base64EncodedString()
        let percents = inner.replacing("<", with: "%3C").replacing(">", with: "%3E").replacing("#", with: "%23")
        let gif = SampleGIF(palette: [[0, 0, 0], [0, 0, 255], [0, 255, 0], [255, 0, 0]])
        var urls = [
            "data:image/svg+xml;base64,\(base64)",
            "data:image/svg+xml;charset=utf-8;base64,\(base64.filter { $0 != "=" })",
            "data:image/svg+xml,\(percents)", "data:image/svg+xml;utf8,\(percents)",
            "data:image/gif;base64,\(Data(gif.bytes).base64EncodedString())",
        ]
        let nested =
            "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 9 9'><image width='9' height='9' href='\(urls[0])'/></svg>"
        urls.append("data:image/svg+xml;base64,\(Data(nested.utf8).base64EncodedString())")
        for url in urls {
            let image = "<image width='100' height='100' preserveAspectRatio='none' href=\"\(url)\"/>"
            let bitmap = try drawn(content: image)
            #expect(bitmap.rgba(50, 50) == Self.blue, "\(url)")
            // Where drawings are passed on, those inside are cleaned documents.
            var policy = ImagePolicy()
            policy.svg = .sanitise
            let clean = try SVGImage(sanitising: svg(image), policy: policy)
            #expect(try SVGImage(sanitising: clean.bytes, policy: policy) == clean)
            #expect(SVGImage(sanitised: clean.bytes, policy: policy) == clean)
            #expect(clean.bytes.count > 150)
        }
    }

    // MARK: Words

    private static let html = "xmlns='http://www.w3.org/1999/xhtml'"

    @Test(arguments: [
        "<foreignObject width='100' height='40'><div \(html)><p>Mermaid label</p></div></foreignObject>",
        "<foreignObject width='60' height='80'><body \(html)>one two three <b>four</b> five six</body></foreignObject>",
        "<switch><foreignObject width='100%' height='100%'><div \(html) style='width:98px;margin-left:1px;padding-top:40px'>draw.io</div></foreignObject></switch>",
        "<path id='p' d='M10 50 Q50 10 90 50' fill='none'/><text><textPath href='#p'>Along</textPath></text>",
        "<defs><path id='p' d='M10 50h80'/></defs><text><textPath xlink:href='#p' startOffset='50%' text-anchor='middle'>Along</textPath></text>",
        "<defs><path id='p' d='M10 50a40 40 0 0 1 80 0'/></defs><text>A <textPath href='#p'>Along</textPath></text>",
    ])
    func `words are drawn`(content: String) throws {
        let bitmap = try drawn(content: content)
        #expect(ink(bitmap) > 60)
        let clean = try sanitised(svg(content))
        #expect(!clean.contains("foreignObject") && !clean.contains("textPath") && !clean.contains("xhtml"))
    }

    @Test func `words have the colour and the place of their box`() throws {
        let clean = try sanitisedContent(
            "<style>.label span{color:#123456}</style><g class='label'><foreignObject x='10' y='20' width='80' height='20'>"
                + "<div \(Self.html) style='font-size:10px'><span>a &lt;b&gt;</span><br/>c<script>x</script></div></foreignObject></g>"
        )
        #expect(clean.contains("fill:#123456") && clean.contains("font-size=\"10\"") && clean.contains("x=\"50\""))
        #expect(clean.contains(">a &lt;b&gt;</tspan>") && clean.contains(">c</tspan>"))
        #expect(!clean.contains("script"))
    }

    @Test func `draw.io's words are whole, and its notice is left out`() throws {
        let label =
            "<foreignObject width='100%' height='100%'><div \(Self.html)>A long label that is whole</div></foreignObject>"
        let clean = try sanitisedContent(
            "<switch>\(label)<text x='50' y='40' text-anchor='middle'>A long label...</text></switch>"
                + "<switch><g requiredFeatures='http://www.w3.org/TR/SVG11/feature#Extensibility'/><a><text>Text is not SVG - cannot display</text></a></switch>"
        )
        #expect(clean.contains("<text x=\"50\" y=\"40\" text-anchor=\"middle\">A long label that is whole</text>"))
        #expect(!clean.contains("not SVG"))
        let whole = try sanitisedContent("<switch>\(label)<text x='5'>Short</text></switch>")
        #expect(whole == "<switch><text x=\"5\">Short</text></switch>")
    }

    @Test func `what cannot be drawn is said`() throws {
        for (content, isWhole) in [
            ("<rect/>", true), ("<image href='https://example.com/x.png'/>", false), ("<image/>", true),
            ("<image href='data:image/png;base64,AAAA'/>", false),
            ("<foreignObject width='9' height='9'><div \(Self.html)/></foreignObject>", true),
            ("<foreignObject width='9' height='9'><div \(Self.html)>a<img src='x'/></div></foreignObject>", false),
            ("<image href='data:image/png;base64,\(redPNG)'/>", true),
        ] {
            let image = try admit(svg(content), .svg)
            #expect(image.treatment == (isWhole ? .rasterised : .rasterisedInPart), "\(content)")
        }
    }

    // MARK: Encodings

    private static let word = "Grüße"

    private static func document(_ encoding: String) -> String {
        "<?xml version=\"1.0\" encoding=\"\(encoding)\"?><svg xmlns=\"http://www.w3.org/2000/svg\"><text>\(word)</text></svg>"
    }

    @Test func `other encodings are read`() throws {
        let expected = "<svg xmlns=\"http://www.w3.org/2000/svg\"><text>\(Self.word)</text></svg>"
        for (name, encoding) in [
            ("ISO-8859-1", String.Encoding.isoLatin1), ("windows-1252", .windowsCP1252), ("UTF-16", .utf16LittleEndian),
            ("utf-16", .utf16BigEndian), ("utf-16", .utf16), ("utf-8", .utf8), ("latin1", .isoLatin1),
            ("ISO-8859-15", .isoLatin1), ("ISO-8859-1", .utf8), ("UTF-16", .utf8),
        ] {
            let bytes = [UInt8](try #require(Self.document(name).data(using: encoding)))
            #expect(ImageType.sniff(bytes) == .svg, "\(name)")
            #expect(try sanitised(bytes) == expected, "\(name)")
        }
        let marks = Array(Self.document("windows-1252").replacing(Self.word, with: "%").utf8).flatMap { byte in
            byte == UInt8(ascii: "%") ? [0x80, 0x93, 0x99, 0xFC] : [byte]
        }
        #expect(try sanitised(marks) == expected.replacing(Self.word, with: "€“™ü"))
        let ninth = marks.map { $0 == 0x80 ? 0xA4 : $0 == 0x93 || $0 == 0x99 ? UInt8(ascii: "x") : $0 }
        let latin9 = String(decoding: ninth.prefix(60), as: UTF8.self).replacing("windows-1252", with: "iso-8859-15")
        #expect(try sanitised(Array(latin9.utf8) + ninth.dropFirst(60)) == expected.replacing(Self.word, with: "€xxü"))
    }

    @Test(
        arguments: [
            ("windows-1251", [0xCF, 0xF0, 0xE8], "При"), ("koi8-r", [0xF0, 0xD2, 0xC9], "При"),
            ("iso-8859-5", [0xBF], "П"),
            ("ISO-8859-2", [0xB1, 0xBF], "ąż"), ("windows-1250", [0x9E, 0xB9], "žą"),
            ("iso-8859-7", [0xC5, 0xEB], "Ελ"),
            ("iso-8859-9", [0xFE, 0x80], "ş€"), ("windows-1253", [0xE1], "α"), ("windows-1255", [0xF9], "ש"),
            ("windows-1257", [0xE0], "ą"), ("macintosh", [0x8E], "é"), ("ibm866", [0x8F], "П"),
            ("windows-1258", [0xD5], "Ơ"),
        ] as [(String, [UInt8], String)])
    func `single-byte encodings are read`(name: String, bytes: [UInt8], text: String) throws {
        let parts = Self.document(name).split(separator: Self.word).map { Array($0.utf8) }
        let expected = "<svg xmlns=\"http://www.w3.org/2000/svg\"><text>\(text)</text></svg>"
        #expect(try sanitised(parts[0] + bytes + parts[1]) == expected)
    }

    @Test func `a compressed drawing is read, within limits`() throws {
        let plain = Array(Self.document("utf-8").utf8)
        let compressed = Self.gzip(SampleImages.zlibStored(plain), plain)
        #expect(ImageType.sniff(compressed) == .svg)
        #expect(try sanitised(compressed) == sanitised(plain))
        #expect(try sanitised(compressed + [1, 2, 3]) == sanitised(plain))
        for count in 2..<compressed.count { #expect(rejection(Array(compressed[..<count]), .svg) != nil) }
        var damaged = compressed
        damaged[compressed.count - 5] ^= 1
        #expect(rejection(damaged, .svg) == .malformed(.svg, why: "SVG does not decompress"))
        var policy = ImagePolicy()
        policy.inputByteLimit = compressed.count
        let long = Array(repeating: UInt8(ascii: " "), count: 1000) + plain
        #expect(rejection(Self.gzip(SampleImages.zlibStored(long), long), .svg, policy: policy) != nil)
    }

    /// RFC 1952 around what is in a zlib stream.
    private static func gzip(_ zlib: [UInt8], _ plain: [UInt8]) -> [UInt8] {
        let end = [SampleImages.crc32(plain), UInt32(plain.count)].flatMap { number in
            [0, 8, 16, 24].map { UInt8(truncatingIfNeeded: number >> $0) }
        }
        return [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3] + zlib.dropFirst(2).dropLast(4) + end
    }

    @Test func `prefixes and plain entities are read`() throws {
        let prefixed =
            "<ns0:svg xmlns:ns0='http://www.w3.org/2000/svg' width='9' height='9'><ns0:rect width='9' height='9' fill='green'/></ns0:svg>"
        #expect(ImageType.sniff(Array(prefixed.utf8)) == .svg)
        #expect(try drawn(prefixed).rgba(4, 4) == Self.green)
        let declared =
            "<!DOCTYPE svg PUBLIC 'a' 'b' [<!ENTITY ns 'http://www.w3.org/2000/svg'><!ENTITY c \"bl\"><!ENTITY q '\"&#62;'>]>"
            + "<svg xmlns='&ns;' width='9' height='9'><!-- &c; --><rect width='9' height='9' fill='&c;ue' class='&q;'/></svg>"
        #expect(try drawn(declared).rgba(4, 4) == Self.blue)
        #expect(try sanitised(Array(declared.utf8)).contains("class=\"&quot;&gt;\""))
    }

    // MARK: All of it

    @Test func `mending again changes nothing`() throws {
        for content in [
            "<filter id='f'><feDropShadow/><feDropShadow result='x'/></filter><rect filter='url(#f)'/>",
            "<style>svg{width:90px;height:100%}[data-a]{fill:red}b{fill:var(--x)}</style><g data-a='' style='--x:1'/>",
            "<foreignObject width='50' height='50'>words and more words</foreignObject>",
            "<foreignObject width='50' height='50'><p xmlns='http://www.w3.org/1999/xhtml'>words and more words</p></foreignObject>",
            "<path id='p' d='M0 0h50'/><text x='1' style='fill:red'>a<textPath href='#p'>b c</textPath>d</text>",
        ] {
            let once = try sanitised(svg(content, "style='background:red;width:80px'"))
            #expect(try sanitised(Array(once.utf8)) == once)
            #expect(SVGImage(sanitised: Array(once.utf8), policy: .init()) != nil)
        }
    }
}
