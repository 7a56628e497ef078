import Testing

@testable import ImageGate

/// Transforms of CSS, which come to one matrix. What is expected was compared with the pixels that Chromium 156 draws.
@Suite(.timeLimit(.minutes(10)))
struct SVGTransformTests {
    private func drawn(_ content: String, _ rootAttributes: String = "") throws -> Bitmap {
        try decodedPNG(admit(svg(content, rootAttributes), .svg).bytes)
    }

    private func rectangle(_ attributes: String) -> String {
        "<rect x='30' y='20' width='40' height='20' fill='blue' \(attributes)/>"
    }

    /// Whether two drawings differ by no more than what rounding makes of edges.
    private func isAlike(_ one: Bitmap, _ other: Bitmap) -> Bool {
        one.size == other.size && one.layout == other.layout
            && zip(one.samples, other.samples).allSatisfy { abs(Int($0) - Int($1)) <= 3 }
    }

    /// The matrix that librsvg uses for the last rectangle of a drawing.
    private func matrix(_ content: String, _ root: String) throws -> [Double] {
        let clean = try sanitised(svg(content, root))
        let element = try #require(clean.split(separator: "<rect ").last)
        guard let range = element.firstRange(of: " transform=\"") else { return [1, 0, 0, 1, 0, 0] }
        let text = String(element[range.upperBound...].prefix { $0 != "\"" })
        // A style, which is written where a rule has one, says the same.
        if element.contains("style=\"transform:matrix") {
            #expect(element.contains("style=\"transform:" + text.replacing(" ", with: ",")))
        }
        return try #require(SVGTransform.matrix(ofAttribute: text)?.plane)
    }

    private func expect(
        _ attributes: String, _ transform: String, _ around: String = "", _ root: String = "",
        at location: SourceLocation = #_sourceLocation
    ) throws {
        let one = try matrix(around + rectangle(attributes), root)
        let other = try #require(SVGTransform.matrix(ofAttribute: transform)?.plane)
        let isNear = zip(one, other).allSatisfy { abs($0 - $1) < 0.001 }
        #expect(isNear, "\(attributes) is \(one), not \(transform)", sourceLocation: location)
    }

    @Test(
        arguments: [
            ("style='transform:rotate(30deg);transform-origin:center'", "transform='rotate(30 50 50)'"),
            ("transform='rotate(30)' transform-origin='50 30'", "transform='rotate(30 50 30)'"),
            ("transform='scale(9)' style='transform:none'", ""), ("class='a' style='transform:none'", ""),
            ("class='a'", "transform='rotate(20 50 30)'"), ("class='b' transform='scale(3)'", ""),
            ("class='a' transform='scale(3)'", "transform='rotate(20 50 30)'"),
            ("class='a' style='transform:skewX(10deg)'", "transform='translate(50 30) skewX(10) translate(-50 -30)'"),
            ("style='rotate:20deg;scale:.5;transform:translate(-50%, 0);transform-box:fill-box'", nil),
        ] as [(String, String?)])
    func `it is drawn so`(attributes: String, plain: String?) throws {
        let sheet = "<style>.a{transform:rotate(20deg);transform-origin:50px 30px}.b{transform:none}</style>"
        let plain = plain ?? "transform='translate(30 20) rotate(20) scale(.5) translate(-20) translate(-30 -20)'"
        let one = try drawn(sheet + rectangle(attributes))
        let other = try drawn(rectangle(plain))
        let isAlike = isAlike(one, other)
        #expect(isAlike)
    }

    @Test(arguments: [
        ("rotate(45deg)", "rotate(45)"), ("rotate(0.05turn)", "rotate(18)"), ("rotate(20grad)", "rotate(18)"),
        ("rotate(0.5rad)", "rotate(28.6479)"), ("rotate(0)", ""), ("translate(10px, 5px)", "translate(10 5)"),
        ("translate(10px)", "translate(10)"), ("translate(10%, -20%)", "translate(10 -20)"),
        ("translateX(1em) translateY(calc(10% - 5px))", "translate(16 5)"), ("scale(150%)", "scale(1.5)"),
        ("scale(1.5, 0.5)", "scale(1.5 0.5)"), ("scaleX(0.5) scaleY(200%)", "scale(0.5 2)"),
        (
            "translate3d(10px, 5px, 9px) scale3d(1.2, 0.8, 7) rotateZ(10deg)",
            "translate(10 5) scale(1.2 0.8) rotate(10)"
        ),
        ("matrix(1, 0.2, 0.1, 1, 5, 6)", "matrix(1 0.2 0.1 1 5 6)"),
        ("matrix3d(1, 0.2, 0, 0, 0.1, 1, 0, 0, 0, 0, 1, 0, 5, 6, 0, 1)", "matrix(1 0.2 0.1 1 5 6)"),
        ("rotateY(60deg)", "scale(0.5 1)"), ("rotateX(60deg)", "scale(1 0.5)"),
        ("rotate3d(0, 0, 2, 30deg)", "rotate(30)"), ("skew(10deg, 5deg)", "matrix(1 0.0874887 0.176327 1 0 0)"),
        ("skewX(20deg)", "skewX(20)"), ("skewY(20deg)", "skewY(20)"),
        ("translate(50px, 10px) rotate(30deg) scale(.5)", "translate(50 10) rotate(30) scale(.5)"),
        ("none", ""), ("initial", ""), ("perspective(none) translateZ(3px)", ""),
    ])
    func `functions of CSS are understood`(function: String, plain: String) throws {
        try expect("style='transform:\(function)'", plain)
        try expect("transform='scale(9)' style='transform:\(function)'", plain)
        try expect("class='a'", plain, "<style>.a{transform:\(function)}</style>")
        try expect("style='-webkit-transform:\(function)'", plain)
    }

    @Test(arguments: [
        "rotate(45)", "translate(10px 20px)", "translate(10, 20)", "scale(1px)", "rotate(45deg", "nothing(1px)",
        "rotate(10deg) nothing", "matrix(1, 2, 3)", "rotate()",
    ])
    func `what browsers do not understand leaves what was before`(function: String) throws {
        try expect("style='transform:\(function)'", "")
        guard !function.hasSuffix("deg") else { return }
        try expect("style='transform:rotate(20deg);transform:\(function)'", "rotate(20)")
        try expect("transform='rotate(20)' style='transform:\(function)'", "rotate(20)")
    }

    @Test(arguments: [
        ("center", "50 50"), ("50% 50%", "50 50"), ("left", "0 50"), ("top", "50 0"), ("bottom right", "100 100"),
        ("right bottom", "100 100"), ("30px 40px", "30 40"), ("30px", "30 50"), ("25% 1em", "25 16"),
        ("30px top", "30 0"), ("top 30px", "0 0"), ("30px 40px 5px", "30 40"), ("calc(50% - 10px) 10%", "40 10"),
        ("initial", "50 50"), ("nonsense", "0 0"), ("30 40", "0 0"), ("0 0", "0 0"),
    ])
    func `an origin is a place of the viewport`(origin: String, place: String) throws {
        try expect("style='transform:rotate(20deg);transform-origin:\(origin)'", "rotate(20 \(place))")
        try expect("transform='rotate(20)' style='transform-origin:\(origin)'", "rotate(20 \(place))")
        try expect(
            "class='a'", "rotate(20 \(place))", "<style>.a{transform:rotate(20deg);transform-origin:\(origin)}</style>")
    }

    @Test func `an attribute's origin needs no units`() throws {
        for origin in ["50 30", "50px 30px", "50% 30%"] {
            try expect("transform='rotate(20)' transform-origin='\(origin)'", "rotate(20 50 30)")
        }
        // The box begins at the origin, wherever the view does.
        try expect(
            "transform='rotate(20)' transform-origin='center'", "rotate(20 60 60)", "", "viewBox='-10 -10 120 120'")
        // A style has precedence, and a transform of its own has no effect on the attribute's origin.
        try expect(
            "transform='scale(3)' transform-origin='50 30' style='transform:rotate(20deg)'", "rotate(20 50 30)")
        try expect(
            "transform='rotate(20)' transform-origin='9 9' style='transform-origin:50px 30px'", "rotate(20 50 30)")
    }

    @Test func `a box is that of the shape`() throws {
        let box = "transform-box:fill-box;transform-origin"
        try expect("style='transform:rotate(20deg);\(box):center'", "rotate(20 50 30)")
        try expect("style='transform:rotate(20deg);\(box):0 100%'", "rotate(20 30 40)")
        try expect("style='transform:rotate(20deg);transform-box:fill-box'", "rotate(20 30 20)")
        try expect("style='transform:translate(-50%, 100%);transform-box:fill-box'", "translate(-20 20)")
        try expect(
            "transform='rotate(20)' style='transform-box:content-box;transform-origin:center'", "rotate(20 50 30)")
        try expect("class='a'", "rotate(20 50 30)", "<style>*{\(box):center}.a{rotate:20deg}</style>")
    }

    @Test(arguments: [
        ("<circle cx='40' cy='50' r='20' %/>", "40 50"), ("<ellipse cx='40' cy='50' rx='20' ry='10' %/>", "40 50"),
        ("<line x1='10' y1='20' x2='70' y2='40' stroke='red' %/>", "40 30"),
        ("<polygon points='10,20 70,20 20,80' %/>", "40 50"), ("<polyline points='10 20 70 20 20 80' %/>", "40 50"),
        ("<path d='M10 20h20v30z m50 0h10v30z' %/>", "40 35"), ("<path d='M20 50a20 20 0 0 1 40 0z' %/>", "40 40"),
        ("<g %><rect x='10' y='20' width='10' height='10'/><circle cx='60' cy='60' r='10'/></g>", "40 45"),
        (
            "<g %><rect x='10' y='20' width='10' height='10' style='transform:translate(50px, 30px)'/>"
                + "<rect style='display:none' width='90' height='90'/></g>", "65 55"
        ),
        ("<defs><rect id='r' x='10' y='20' width='20' height='20'/></defs><use href='#r' x='30' %/>", "20 30"),
        ("<rect x='10%' y='20%' width='40%' height='30%' %/>", "30 35"),
        ("<rect style='x:10px;width:40px;@' y='20' height='30'/>", "30 35"),
    ])
    func `boxes of shapes are known`(element: String, center: String) throws {
        let style = "rotate:20deg;transform-box:fill-box;transform-origin:center"
        let (one, other) = (
            element.replacing("%/>", with: "style='\(style)'/>").replacing("%>", with: "style='\(style)'>")
                .replacing("@", with: style),
            element.replacing("%/>", with: "transform='rotate(20 \(center))'/>")
                .replacing("%>", with: "transform='rotate(20 \(center))'>")
                .replacing("@'", with: "' transform='rotate(20 \(center))'")
        )
        let isAlike = try isAlike(drawn(one), drawn(other))
        #expect(isAlike)
    }

    @Test func `an unknown box is said to be missing`() throws {
        func image(_ style: String) throws -> SVGImage {
            try SVGImage(
                sanitising: svg("<text style='rotate:9deg;\(style)'><tspan x='1'>a</tspan></text>"), policy: .init())
        }
        #expect(try image("transform-box:fill-box").isIncomplete)
        #expect(try !image("transform-origin:9px").isIncomplete)
    }

    @Test(arguments: [
        ("rotate:20deg", "rotate(20)"), ("rotate:z 20deg", "rotate(20)"), ("rotate:20deg z", "rotate(20)"),
        ("rotate:0 1 0 60deg", "scale(0.5 1)"), ("rotate:60deg y", "scale(0.5 1)"), ("rotate:none", ""),
        ("translate:10px 20%", "translate(10 20)"), ("translate:10px", "translate(10)"),
        ("translate:1px 2px 3px", "translate(1 2)"), ("scale:1.5", "scale(1.5)"), ("scale:50% 1.5", "scale(0.5 1.5)"),
        ("scale:1 2 3", "scale(1 2)"), ("rotate:20", ""), ("scale:1px", ""), ("translate:10", ""),
        ("scale:2;rotate:20deg;translate:10px 5px", "translate(10 5) rotate(20) scale(2)"),
        ("rotate:20deg;transform:skewX(10deg)", "rotate(20) skewX(10)"),
        ("rotate:20deg;transform-origin:50px 30px", "rotate(20 50 30)"),
    ])
    func `properties of their own come before the transform`(style: String, transform: String) throws {
        try expect("style='\(style)'", transform)
        try expect("class='a'", transform, "<style>.a{\(style)}</style>")
        guard !style.contains("transform") else { return }
        try expect("transform='translate(3 4)' style='\(style)'", transform + " translate(3 4)")
        // They are no attributes.
        try expect("rotate='20deg' scale='2' translate='9px'", "")
    }

    @Test func `the cascade holds`() throws {
        try expect(
            "class='a' style='transform:scale(2)'", "rotate(20)", "<style>.a{transform:rotate(20deg)!important}</style>"
        )
        try expect("class='a' style='transform:rotate(20deg)'", "rotate(20)", "<style>.a{transform:scale(2)}</style>")
        try expect("class='a' transform='scale(2)'", "", "<style>.a{transform:none}</style>")
        try expect(
            "class='a' transform='rotate(20)'", "rotate(20)",
            "<style>.a:hover{transform:scale(2)}@keyframes k{to{transform:scale(3)}}.a{animation:k 1s}</style>")
        try expect(
            "class='a' style='--a:20deg'", "rotate(20 50 30)",
            "<style>:root{--x:50px}.a:not(g){transform:rotate(var(--a));transform-origin:var(--x) 30px}</style>")
    }

    @Test func `the root turns around its middle, and its background does not`() throws {
        let turned = try drawn(rectangle(""), "style='transform:rotate(90deg);background:#eee'")
        #expect(turned.rgba(70, 50) == [0, 0, 255, 255] && turned.rgba(2, 2) == [238, 238, 238, 255])
        #expect(turned.rgba(50, 30) == [238, 238, 238, 255])
    }

    @Test func `gradients and patterns turn`() throws {
        let stops = "<stop stop-color='red'/><stop offset='1' stop-color='blue'/>"
        func gradient(_ attributes: String) throws -> Bitmap {
            try drawn(
                "<linearGradient id='g' gradientUnits='userSpaceOnUse' x1='0' x2='100' \(attributes)>\(stops)"
                    + "</linearGradient><rect width='100' height='100' fill='url(#g)'/>")
        }
        let plain = try gradient("gradientTransform='rotate(30 50 50)'")
        let turned = try [
            "style='transform:rotate(30deg);transform-origin:center'",
            "gradientTransform='rotate(30)' transform-origin='50 50'",
        ].map { try isAlike(gradient($0), plain) }
        #expect(turned == [true, true])
    }

    @Test(arguments: [
        "<style>rect{transform:rotate(20deg);transform-origin:center}</style><rect width='9' height='9'/>",
        "<rect width='9' height='9' style='fill:red;transform:rotate(20deg);transform-origin:center;scale:2'/>",
        "<style>.a:is(rect){transform:scale(2);rotate:3deg}</style><rect class='a' transform='scale(3)'/>",
        "<g style='transform:none'><rect transform='scale(2)' style='transform:none'/></g>",
        "<text style='rotate:20deg;transform-box:fill-box'>a</text>",
        "<rect style='transform:scale(0)'/><rect style='transform:rotate(1e999deg)'/>",
        "<rect style='transform:scale(1e30)'/><rect style='translate:1e12px'/>",
        "<g id='a' style='rotate:1deg;transform-box:fill-box'><use href='#b'/></g><g id='b' style='scale:2'/>",
        "<rect style='transform:\(String(repeating: "scale(1) ", count: 5000))'/>",
    ])
    func `changing it again changes nothing`(content: String) throws {
        for root in ["", "transform='scale(2)' style='background:red'", "style='rotate:20deg'"] {
            let clean = try sanitised(svg(content, root))
            #expect(try sanitised(Array(clean.utf8)) == clean)
            #expect(SVGImage(sanitised: Array(clean.utf8), policy: .init()) != nil)
            // A browser that is sent this must not turn it twice.
            #expect(!clean.contains("transform-box") && !clean.contains("rotate:") && !clean.contains("origin:c"))
        }
    }

    @Test func `boxes within boxes end`() throws {
        let style = "style='rotate:1deg;transform-box:fill-box;transform-origin:center'"
        let nested = String(repeating: "<g \(style)>", count: 60) + rectangle("")
        _ = try sanitised(svg(nested + String(repeating: "</g>", count: 60)))
        let wide = "<g id='w'>" + String(repeating: "<rect width='1' height='1'/>", count: 200) + "</g>"
        _ = try sanitised(svg(wide + String(repeating: "<use href='#w' \(style)/>", count: 100)))
    }
}
