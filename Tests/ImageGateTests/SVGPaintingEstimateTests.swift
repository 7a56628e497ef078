import Foundation
import Testing

@testable import ImageGate

/// What a drawing has painted, before anything is: none of these is drawn.
@Suite(.timeLimit(.minutes(10)))
struct SVGPaintingEstimateTests {
    private func rejection(_ content: String) -> ImageGateError? {
        do throws(ImageGateError) {
            let root = "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 100 100' width='768' height='768'>"
            _ = try sanitised(Array("\(root)\(content)</svg>".utf8))
            return nil
        } catch {
            return error
        }
    }

    private static let tooMuch = ImageGateError.forbidden(.svg, what: "more than 10000 megapixels to paint")
    private static let circle = ImageGateError.forbidden(.svg, what: "references in a circle")

    private static let levels = 1...14

    /// Each pattern has two shapes that are filled with the one before: 16,000 tiles of the size of the drawing.
    ///
    /// - Parameter shape: what refers to the pattern of a number.
    private static func patterns(_ sheet: (Int) -> String, _ shape: (Int) -> String) -> String {
        let rules = levels.map { sheet($0) }.joined()
        let patterns = levels.map { level in
            "<pattern id='p\(level)' width='1' height='1'>\(shape(level - 1))\(shape(level - 1))</pattern>"
        }
        return "<style>\(rules)</style>" + patterns.joined() + shape(levels.upperBound)
    }

    private static let box = "width='99' height='99'"

    /// By every way in which a shape can come to a reference.
    static let ways: [(name: String, content: String)] = [
        ("attribute", patterns({ _ in "" }, { "<rect \(box) fill='url(#p\($0))'/>" })),
        ("style attribute", patterns({ _ in "" }, { "<rect \(box) style='fill:url(\"#p\($0)\")'/>" })),
        ("stroke", patterns({ _ in "" }, { "<rect \(box) stroke-width='50' fill='none' stroke='url(#p\($0))'/>" })),
        ("class", patterns({ ".c\($0){fill:url(#p\($0))}" }, { "<rect class='a c\($0)' \(box)/>" })),
        (
            "classes", patterns({ "rect.a.c\($0){fill:red;fill:url(#p\($0))}" }, { "<rect class='a c\($0)' \(box)/>" })
        ),
        ("list", patterns({ "b,[x],.c\($0) , i{fill:url(#p\($0))}" }, { "<rect class='c\($0)' \(box)/>" })),
        ("child", patterns({ ".g\($0)>*{fill:url(#p\($0))}" }, { "<g class='g\($0)'><rect \(box)/></g>" })),
        (
            "descendant",
            patterns({ "svg .g\($0) rect{fill:url(#p\($0))}" }, { "<g class='g\($0)'><g><rect \(box)/></g></g>" })
        ),
        ("attribute selector", patterns({ "[class=c\($0)]{fill:url(#p\($0))}" }, { "<rect class='c\($0)' \(box)/>" })),
        ("pseudo-class", patterns({ ".c\($0):not(b){fill:url(#p\($0))}" }, { "<rect class='c\($0)' \(box)/>" })),
        ("sibling", patterns({ "b ~ .c\($0){fill:url(#p\($0))}" }, { "<rect class='c\($0)' \(box)/>" })),
        (
            "important",
            patterns({ ".c\($0){fill:url(#p\($0))!important}" }, { "<rect class='c\($0)' style='fill:red' \(box)/>" })
        ),
        ("inherited", patterns({ _ in "" }, { "<g fill='url(#p\($0))'><g><rect \(box)/></g></g>" })),
        (
            "inherited from a style",
            patterns({ ".c\($0){fill:url(#p\($0))}" }, { "<g class='c\($0)'><rect \(box)/></g>" })
        ),
        (
            "use",
            "<rect id='r' \(box)/>"
                + patterns({ ".c\($0){fill:url(#p\($0))}" }, { "<use class='c\($0)' href='#r'/>" })
        ),
        ("text", patterns({ ".t\($0){fill:url(#p\($0))}" }, { "<text class='t\($0)' font-size='99'>MM</text>" })),
    ]

    @Test(arguments: ways.map(\.name)) func `patterns in patterns count however they are referred to`(
        name: String
    ) throws {
        let content = try #require(Self.ways.first { $0.name == name }).content
        #expect(rejection(content) == Self.tooMuch || name == "list", "\(rejection(content) as Any)")
        #expect(rejection(content) != nil)
    }

    private static let blur = "<filter id='f'><feGaussianBlur stdDeviation='20'/></filter>"
    private static let white = "<rect fill='#fff' \(box)/>"

    static let others: [(name: String, content: String)] = [
        (
            "masks in masks",
            "<style>" + levels.map { ".c\($0){mask:url(#m\($0))}" }.joined() + "</style>"
                + levels.map { level in
                    let shape = "<rect class='c\(level - 1)' \(box)/>"
                    return "<mask id='m\(level)'>\(shape)\(shape)</mask>"
                }.joined() + "<rect class='c14' \(box)/>"
        ),
        ("masks", "<mask id='m'>\(white)</mask>" + String(repeating: "<rect \(box) mask='url(#m)'/>", count: 2000)),
        (
            "filters on groups",
            blur + String(repeating: "<g style='filter:url(#f)'>\(white)</g>", count: 1000)
        ),
        ("blurs of styles", "<style>g{filter:blur(99px)}</style>" + String(repeating: "<g>\(white)</g>", count: 1000)),
        (
            "primitives",
            "<filter id='f'>" + String(repeating: "<feGaussianBlur stdDeviation='99'/>", count: 1000)
                + "</filter><g filter='url(#f)'>\(white)</g>"
        ),
        ("morphology", "<filter id='f'><feMorphology radius='99'/></filter><rect \(box) filter='url(#f)'/>"),
        ("groups to see through", String(repeating: "<g opacity='.5'><g/></g>", count: 5000)),
        ("blends", String(repeating: "<g style='mix-blend-mode:multiply'/>", count: 5000)),
        (
            "markers",
            "<style>path{marker:url(#m)}</style><marker id='m' overflow='visible'><circle r='49'/></marker><path d='M0 0"
                + String(repeating: "h1v1", count: 10_000) + "'/>"
        ),
        (
            "markers of markers",
            "<marker id='n' style='overflow:visible'><circle r='49'/></marker><marker id='m' overflow='visible'><path marker-mid='url(#n)' d='M0 0"
                + String(repeating: "h1", count: 200) + "'/></marker><path style='marker-mid:url(#m)' d='M0 0"
                + String(repeating: "h1", count: 200) + "'/>"
        ),
        (
            "uses",
            "<g id='u0'><circle r='49'/></g>"
                + (1...4).map { level in
                    "<g id='u\(level)'>" + String(repeating: "<use href='#u\(level - 1)'/>", count: 12) + "</g>"
                }.joined()
        ),
        (
            "layers in a pattern",
            "<pattern id='p' width='1' height='1'>"
                + String(repeating: "<g opacity='.5'/>", count: 300) + "</pattern>"
                + String(repeating: "<rect \(box) fill='url(#p)'/>", count: 20)
        ),
        ("letters", "<text font-size='99'>" + String(repeating: "M", count: 100_000) + "</text>"),
        ("large pictures", String(repeating: "<circle r='49'/>", count: 30_000)),
    ]

    @Test(arguments: others.map(\.name)) func `what is painted is counted`(name: String) throws {
        let content = try #require(Self.others.first { $0.name == name }).content
        #expect(rejection(content) == Self.tooMuch)
    }

    @Test func `an image counts as often as it is decoded`() throws {
        let pixels = [UInt8](repeating: 0, count: 2000 * 2000)
        guard
            case .written(let png) = try PNGWriter(limit: 100_000).write(
                Bitmap(size: PixelSize(width: 2000, height: 2000), layout: .grey, samples: pixels))
        else { return }
        let image = "<image id='i' \(Self.box) href='data:image/png;base64,\(Data(png).base64EncodedString())'/>"
        #expect(rejection(image) == nil)
        #expect(rejection(image + String(repeating: "<use href='#i'/>", count: 300)) == Self.tooMuch)
    }

    @Test func `rules times elements have a limit`() {
        let rules = String(repeating: ".a{fill:red}", count: 9000)
        let content = "<style>\(rules)</style>" + String(repeating: "<g/>", count: 20_000)
        #expect(
            rejection(content)
                == .forbidden(.svg, what: "more than 100000000 comparisons of styles with elements"))
    }

    // MARK: What passes

    static let plots: [(name: String, content: String)] = [
        (
            "points",
            "<defs><path id='m' d='M0 3C.8 3 1.6 2.7 2.1 2.1Z' style='stroke:#1f77b4'/></defs>"
                + (0..<60_000).map { "<use href='#m' x='\($0 % 100)' y='\($0 / 600)'/>" }.joined()
        ),
        (
            "letters as outlines",
            "<defs><path id='g' d='M0 0H4096V4096H0Z' transform='scale(0.015625)'/></defs>"
                + String(
                    repeating: "<g transform='translate(9 9) scale(0.1 -0.1)'><use href='#g'/></g>", count: 10_000)
        ),
        (
            "hatches",
            "<style>.bar{fill:url(#h)}</style>"
                + "<pattern id='h' patternUnits='userSpaceOnUse' width='72' height='72'><rect width='73' height='73'/>"
                + "<path d='M0 0L72 72'/></pattern>"
                + String(repeating: "<rect class='bar' width='2' height='50'/>", count: 100)
        ),
        (
            "a heat map", (0..<10_000).map { "<rect x='\($0 % 100)' y='\($0 / 100)' width='1' height='1'/>" }.joined()
        ),
        (
            "lines of many points",
            String(
                repeating: "<path fill='none' stroke='red' d='M0 0" + String(repeating: "l1-1l1 1", count: 500) + "'/>",
                count: 100)
        ),
        (
            "bars with shadows",
            Self.blur + String(repeating: "<rect width='3' height='20' filter='url(#f)'/>", count: 100)
        ),
        ("a chart to see through", String(repeating: "<rect width='3' height='20' opacity='.5'/>", count: 500)),
        ("hidden", "<g display='none'>" + String(repeating: Self.white, count: 20_000) + "</g>"),
        ("never used", "<defs>" + String(repeating: Self.white, count: 20_000) + "</defs>"),
        (
            "axes",
            "<style>path,line{marker-end:url(#a)}</style><marker id='a'><path style='marker:none' d='M0 0L9 9'/></marker>"
                + String(repeating: "<line x2='99'/>", count: 200)
        ),
    ]

    @Test(arguments: plots.map(\.name)) func `a plot passes`(name: String) throws {
        let content = try #require(Self.plots.first { $0.name == name }).content
        #expect(rejection(content) == nil)
    }

    // MARK: Which style applies

    /// Each in a pattern `p` that it refers to, if it does.
    @Test(arguments: [
        ("rect{fill:url(#p)}", "<rect/>", true), ("rect{fill:url(#p)}", "<rect style='fill:red'/>", false),
        ("rect{fill:url(#p)}", "<rect fill='red'/>", true), ("*{fill:url(#p)}.a{fill:red}", "<rect class='a'/>", false),
        (".a{fill:red}*{fill:url(#p)}", "<rect class='a'/>", false),
        (".a{fill:red}.b{fill:url(#p)}", "<rect class='a b'/>", true),
        (".b{fill:url(#p)}.a{fill:red}", "<rect class='a b'/>", false),
        ("#i{fill:red}.a.b.c{fill:url(#p)}", "<rect id='i' class='a b c'/>", false),
        ("g rect{fill:url(#p)}", "<rect/>", false), ("pattern>rect{fill:url(#p)}", "<rect/>", true),
        ("pattern>rect{fill:url(#p)}", "<g><rect/></g>", false), ("svg rect{fill:url(#p)}", "<g><rect/></g>", true),
        ("svg>pattern rect{mask:url(#p)}", "<g><rect/></g>", true), ("circle{fill:url(#p)}", "<rect/>", false),
        ("rect{fill:url(#q)}", "<rect/>", false), ("g>g rect{fill:url(#p)}", "<g><g><b/><g><rect/></g></g></g>", true),
    ])
    func `the cascade decides what is referred to`(sheet: String, content: String, isReferred: Bool) {
        let document = "<style>\(sheet)</style><pattern id='p' width='1' height='1'>\(content)</pattern>"
        #expect((rejection(document) == Self.circle) == isReferred, "\(rejection(document) as Any)")
    }

    /// `g g g …` is compared with each group, all the way up, in vain; `g>g g>g …` with every way to choose the groups.
    @Test(arguments: [" ", ">g "]) func `selectors are not compared without end`(joint: String) {
        let selector = Array(repeating: "g", count: 60).joined(separator: joint)
        let groups = String(repeating: "<g>", count: 190) + "<rect/>" + String(repeating: "</g>", count: 190)
        let rejection = rejection("<style>i \(selector) *{fill:url(#p)}</style>\(groups)")
        #expect((rejection == nil) == (joint == " "))
    }

    @Test(arguments: [
        ("M0 0H10V20Z", 200.0, 3), ("m5 5l10 0 0 10z", 100, 3), ("M0,0C1-2 3+4 5.5.5", 33, 4), ("M1e1 0L0-1e1", 100, 2),
        ("M0 0a5 5 0 1110 0", 100, 2), ("", 0, 0), ("x", 0, 0), ("M0 0L9", 0, 1), ("M0 0Z9 9", 0, 1),
    ])
    func `a path's extent`(path: String, area: Double, vertices: Int) {
        let extent = SVGGeometry(path: path)
        #expect(abs(extent.area - area) < 1e-6 && extent.vertices == vertices, "\(extent)")
    }

    @Test(arguments: [
        ("scale(2)", 4.0), ("scale(2 3) rotate(45)", 6), ("matrix(0 2 -3 0 9 9),translate(7)", 6), ("", 1), ("x(", 1),
    ])
    func `how much larger transforms make`(transforms: String, growth: Double) {
        #expect(SVGNumbers.growth(of: transforms) == growth)
    }
}
