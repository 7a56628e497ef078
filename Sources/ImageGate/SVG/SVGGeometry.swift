/// The measures of a shape by which painting it is estimated, in the units of its element.
struct SVGGeometry {
    /// The area of its bounding box.
    var area = 0.0
    /// The length of its outline.
    var length = 0.0
    var vertices = 0

    /// Measures a path, given its attribute `d`.
    init(path text: String) {
        var numbers = SVGNumbers(text)
        var outline = Outline()
        var command: UInt8 = 0
        var values: [Double] = []
        while true {
            if let letter = numbers.nextLetter() { command = letter }
            let isRelative = command & 0x20 != 0
            let count = Self.parameters(of: command | 0x20)
            if count == 0 {
                guard command | 0x20 == UInt8(ascii: "z") else { break }
                outline.close()
                // After a close only another command is valid, and no more numbers.
                command = 0
                continue
            }
            values.removeAll(keepingCapacity: true)
            while values.count < count {
                let isFlag = command | 0x20 == UInt8(ascii: "a") && (values.count == 3 || values.count == 4)
                guard let value = isFlag ? numbers.nextFlag() : numbers.next() else { break }
                values.append(value)
            }
            guard values.count == count else { break }
            outline.follow(command | 0x20, values, isRelative: isRelative)
            if command | 0x20 == UInt8(ascii: "m") { command = isRelative ? UInt8(ascii: "l") : UInt8(ascii: "L") }
        }
        self.init(outline)
    }

    /// Measures a polygon, given its attribute `points`.
    init(points text: String) {
        var numbers = SVGNumbers(text)
        var outline = Outline()
        while let x = numbers.next(), let y = numbers.next() { outline.line(to: x, y) }
        self.init(outline)
    }

    init(width: Double, height: Double) {
        (area, length, vertices) = (width * height, 2 * (width + height), 4)
    }

    init(from start: (x: Double, y: Double), to end: (x: Double, y: Double)) {
        var outline = Outline()
        outline.line(to: start.x, start.y)
        outline.line(to: end.x, end.y)
        self.init(outline)
    }

    private init(_ outline: Outline) {
        length = outline.length
        vertices = outline.vertices
        if vertices > 0 { area = (outline.right - outline.left) * (outline.bottom - outline.top) }
    }

    /// How many numbers a command of a path takes, named by its lower-case letter (SVG 1.1, section 8.3).
    static func parameters(of command: UInt8) -> Int {
        switch command {
        case UInt8(ascii: "m"), UInt8(ascii: "l"), UInt8(ascii: "t"): 2
        case UInt8(ascii: "h"), UInt8(ascii: "v"): 1
        case UInt8(ascii: "s"), UInt8(ascii: "q"): 4
        case UInt8(ascii: "c"): 6
        case UInt8(ascii: "a"): 7
        default: 0
        }
    }

    /// Adds up the commands of a path. A curve counts as the lines between its control points.
    private struct Outline {
        var (left, right, top, bottom) = (Double.infinity, -Double.infinity, Double.infinity, -Double.infinity)
        var length = 0.0
        var vertices = 0
        private var (x, y) = (0.0, 0.0)
        private var start = (x: 0.0, y: 0.0)

        mutating func move(to x: Double, _ y: Double) {
            (self.x, self.y) = (x, y)
            start = (x, y)
            include(x, y)
        }

        mutating func line(to x: Double, _ y: Double) {
            if vertices > 0 { length += abs(x - self.x) + abs(y - self.y) }
            (self.x, self.y) = (x, y)
            include(x, y)
        }

        mutating func close() {
            length += abs(start.x - x) + abs(start.y - y)
            (x, y) = start
        }

        mutating func follow(_ command: UInt8, _ values: [Double], isRelative: Bool) {
            let origin = isRelative ? (x: x, y: y) : (x: 0, y: 0)
            switch command {
            case UInt8(ascii: "m"): move(to: origin.x + values[0], origin.y + values[1])
            case UInt8(ascii: "h"): line(to: origin.x + values[0], y)
            case UInt8(ascii: "v"): line(to: x, origin.y + values[0])
            case UInt8(ascii: "a"):
                let (width, height) = (abs(values[0]), abs(values[1]))
                // An arc bulges by at most its diameters, and is at most as long as the box of its ellipse.
                let end = (x: origin.x + values[5], y: origin.y + values[6])
                let reach = (x: 2 * width, y: 2 * height)
                for side in [-1.0, 1] {
                    include((x + end.x) / 2 + side * reach.x / 2, (y + end.y) / 2 + side * reach.y / 2)
                }
                length += 2 * (width + height)
                line(to: end.x, end.y)
                vertices -= 2
            default:
                for index in stride(from: 0, to: values.count, by: 2) {
                    line(to: origin.x + values[index], origin.y + values[index + 1])
                }
            }
        }

        private mutating func include(_ x: Double, _ y: Double) {
            (left, right) = (min(left, x), max(right, x))
            (top, bottom) = (min(top, y), max(bottom, y))
            vertices += 1
        }
    }
}
