import Testing

@testable import ImageGate

/// Functions of CSS that librsvg does not know. The colours that are expected are those that Chromium 156 shows, over white.
@Suite(.timeLimit(.minutes(10)))
struct SVGFunctionsTests {
    private func drawn(_ content: String, _ rootAttributes: String = "") throws -> Bitmap {
        try decodedPNG(admit(svg(content, rootAttributes), .svg).bytes)
    }

    /// The pixel in the middle, over white.
    private func middle(_ content: String, _ rootAttributes: String = "") throws -> [Int] {
        let pixel = try drawn(content, rootAttributes).rgba(50, 50)
        return pixel[..<3].map { ($0 * pixel[3] + 255 * (255 - pixel[3])) / 255 }
    }

    private func isNear(_ one: [Int], _ other: [Int]) -> Bool { zip(one, other).allSatisfy { abs($0 - $1) <= 2 } }

    @Test(arguments: [
        ("hsl(210 60 40)", [41, 102, 163]), ("hwb(210 20% 30%)", [51, 115, 179]),
        ("rgb(40 120 200 / calc(1 / 2))", [147, 187, 227]), ("oklch(0.7 0.15 150)", [76, 184, 106]),
        ("oklch(62% 0.2 25deg)", [230, 67, 67]), ("oklch(0.6 0.35 30)", [255, 0, 0]),
        ("oklch(0.6 0.15 250 / 40%)", [169, 206, 238]), ("oklch(0.7 0 none)", [158, 158, 158]),
        ("oklab(0.6 0.1 -0.1)", [159, 99, 186]), ("lab(50% 40 -30)", [165, 91, 171]),
        ("lch(60 50 200)", [0, 166, 173]), ("color(display-p3 0.2 0.6 0.4)", [0, 156, 97]),
        ("color(srgb 0.2 0.6 0.4 / 0.5)", [153, 204, 178]), ("color(srgb-linear 0.2 0.6 0.4)", [124, 203, 170]),
        ("color(rec2020 0.3 0.6 0.4)", [0, 170, 110]), ("color(a98-rgb 0.3 0.6 0.4)", [0, 154, 99]),
        ("color(prophoto-rgb 0.3 0.6 0.4)", [0, 181, 112]), ("color(xyz 0.3 0.4 0.3)", [126, 183, 138]),
        ("color(xyz-d50 0.3 0.4 0.3)", [107, 185, 160]), ("color-mix(in srgb, red, blue)", [128, 0, 128]),
        ("color-mix(in srgb, #3366cc 30%, white)", [194, 209, 240]),
        ("color-mix(in oklab, red 40%, blue)", [117, 81, 182]), ("color-mix(in oklch, red 40%, blue)", [163, 0, 217]),
        ("color-mix(in oklch longer hue, red 40%, blue)", [0, 149, 78]),
        ("color-mix(in hsl, red 40%, lime)", [204, 255, 0]), ("color-mix(in lab, teal, gold 70%)", [198, 189, 72]),
        ("color-mix(in srgb, teal 25%, transparent)", [191, 223, 223]),
        ("color-mix(in srgb, teal 20%, gold 20%)", [204, 222, 179]),
        ("color-mix(in oklab, color-mix(in srgb, red, blue), oklch(0.8 .1 100))", [168, 113, 130]),
        ("color-mix(in srgb, currentColor 40%, white)", [153, 204, 204]),
        ("color-mix(in oklab, var(--c) var(--p), black)", [0, 19, 46]),
        ("oklch(calc(0.3 + var(--i) * 0.1) .1 calc(var(--i) * 60))", [92, 107, 33]),
        ("oklch(from teal calc(l + 0.1) c h)", [56, 159, 158]), ("rgb(from teal r g b / 50%)", [127, 191, 191]),
        ("hsl(from #3366cc h s calc(l * 1.2))", [92, 133, 214]),
        ("color(from teal srgb r g calc(b + 0.3))", [0, 128, 205]),
    ])
    func `colours of other spaces are converted`(color: String, expected: [Int]) throws {
        let rectangle = "<rect width='100' height='100' %/>"
        let around = "style='color:teal;--c:#08f;--p:30%;--i:2'"
        for attribute in ["fill='\(color)'", "style='fill:red;fill:\(color)'"] {
            let pixel = try middle("<g \(around)>\(rectangle.replacing("%", with: attribute))</g>")
            #expect(isNear(pixel, expected), "\(attribute): \(pixel)")
        }
        // A sheet does not tell which colour is the current one.
        guard !color.contains("currentColor") else { return }
        let sheet = "<style>@media screen{.a:not(g){stroke:none;fill:\(color)}}</style>"
        let pixel = try middle("\(sheet)<g \(around)>\(rectangle.replacing("%", with: "class='a'"))</g>")
        #expect(isNear(pixel, expected), "\(pixel)")
    }

    @Test func `a background and a shadow may have such a colour`() throws {
        #expect(isNear(try middle("", "style='background:oklch(0.9 0.05 100)'"), [229, 223, 186]))
        let shadow = try drawn(
            "<rect width='30' height='30' style='filter:drop-shadow(40px 40px 0 color-mix(in srgb, red, blue))'/>")
        #expect(isNear(shadow.rgba(55, 55), [128, 0, 128, 255]))
    }

    @Test(arguments: [
        "oklch(1 2)", "oklch(a b c)", "color(nothing 1 1 1)", "color-mix(in nothing, red, blue)",
        "color-mix(in srgb, red)", "color-mix(in srgb, red -5%, blue)", "lab(1e99 1e99 1e99", "hwb()", "lch(1 2 3 4 5)",
        "oklch(from nothing l c h)", "color-mix(in srgb, \(String(repeating: "color-mix(in srgb, ", count: 30))",
    ])
    func `what is no colour is left out`(color: String) throws {
        let clean = try sanitised(svg("<rect width='100' height='100' style='fill:lime;stroke:\(color)'/>"))
        #expect(clean.contains("fill:lime") && !clean.contains("rgb("))
        #expect(try sanitised(Array(clean.utf8)) == clean)
    }

    @Test(arguments: [
        ("x='calc(20px + 30px)'", "x='50'"), ("width='calc(100% - 20px)'", "width='80'"),
        ("style='width:calc(50% + 10px)'", "style='width:60px'"), ("y='calc((1 + 2) * (3px + 2px))'", "y='15'"),
        ("style='opacity:calc(1 / 4)'", "style='opacity:0.25'"),
        ("fill-opacity='calc(0.2 + 0.3)'", "fill-opacity='0.5'"),
        ("style='transform:translate(calc(10px + 20px), calc(2 * 10px))'", "transform='translate(30 20)'"),
        ("style='transform:rotate(calc(90deg / 2))'", "transform='rotate(45)'"),
        ("style='--i:3;transform:rotate(calc(var(--i) * 10deg))'", "transform='rotate(30)'"),
        ("style='width:min(100px, 80%)'", "width='80'"), ("style='width:max(30px, 20%)'", "width='30'"),
        ("style='width:clamp(20px, 45%, 60px)'", "width='45'"), ("x='calc(cos(60deg) * 40px)'", "x='20'"),
        ("x='calc(-1 * -20px)'", "x='20'"), ("style='width:calc(4em + 20px);font-size:5px'", "width='40'"),
        ("style='stroke-width:calc(1px*3);stroke:red'", "stroke='red' stroke-width='3'"),
        ("style='font-family:\"calc(\";width:calc(1px + 2px)'", "width='3'"),
        ("width='calc(1px + )'", "width='0'"), ("class='w'", "width='70'"),
    ])
    func `calculations are done`(calculated: String, plain: String) throws {
        func document(_ attributes: String) -> String {
            let width = attributes.contains("width=") || attributes.contains("width:") || attributes.contains("class")
            return "<style>.w{width:calc(90% - 20px)}</style>"
                + "<rect \(width ? "" : "width='40'") height='40' fill='blue' \(attributes)/>"
        }
        #expect(try drawn(document(calculated)) == drawn(document(plain)))
    }

    @Test(arguments: [
        ("grayscale(1)", [79, 79, 79]), ("grayscale()", [79, 79, 79]), ("grayscale(50%)", [135, 63, 63]),
    ])
    func `functions of filters work on samples`(function: String, expected: [Int]) throws {
        for attribute in ["filter='\(function)'", "style='filter:\(function)'", "class='f'"] {
            let pixel = try middle(
                "<style>.f{filter:\(function) !important}</style><rect width='90' height='90' fill='#c03030' \(attribute)/>"
            )
            #expect(isNear(pixel, expected), "\(attribute): \(pixel)")
        }
    }

    @Test(arguments: [
        ("sepia(.8)", [123, 123, 117]), ("saturate(2)", [0, 120, 255]), ("hue-rotate(90deg)", [192, 72, 160]),
        ("invert(1)", [207, 143, 63]), ("opacity(.4)", [172, 198, 230]), ("brightness(1.4)", [67, 157, 255]),
        ("contrast(150%)", [8, 104, 224]), ("brightness(1.4) drop-shadow(4px 6px 5px black)", [67, 157, 255]),
        ("nonsense(1) grayscale(1)", [48, 112, 192]),
    ])
    func `each function of filters is that of browsers`(functions: String, expected: [Int]) throws {
        let pixel = try middle("<rect width='90' height='90' fill='#3070c0' style='filter:\(functions)'/>")
        #expect(isNear(pixel, expected), "\(pixel)")
    }

    @Test func `each of several shadows is drawn`() throws {
        let bitmap = try drawn(
            "<rect width='20' height='20' fill='blue' style='filter:drop-shadow(25px 0 0 red) drop-shadow(0 25px 0 lime)'/>"
        )
        #expect(bitmap.rgba(10, 10) == [0, 0, 255, 255] && bitmap.rgba(35, 10) == [255, 0, 0, 255])
        #expect(bitmap.rgba(10, 35) == [0, 255, 0, 255] && bitmap.rgba(35, 35) == [0, 255, 0, 255])
    }

    @Test func `changing it again changes nothing`() throws {
        let clean = try sanitised(
            svg(
                "<style>.a{fill:oklch(.5 .1 20);filter:grayscale(1) blur(2px)}</style><rect class='a' x='calc(1px + 2%)'/>"
                    + "<rect style='filter:grayscale(1) blur(2px)'/><rect filter='sepia(1)'/>"))
        #expect(try sanitised(Array(clean.utf8)) == clean)
        #expect(SVGImage(sanitised: Array(clean.utf8), policy: .init()) != nil)
        // Equal lists share an element.
        #expect(clean.split(separator: "<filter ").count == 3)
    }
}
