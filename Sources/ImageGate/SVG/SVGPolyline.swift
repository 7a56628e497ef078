internal import Glibc

/// A path as straight lines, along which text can be placed. Curves are divided into a few lines each.
struct SVGPolyline {
    private var points: [(x: Double, y: Double)] = []
    /// The length of the path up to each point.
    private var lengths: [Double] = []

    private static let pieces = 16

    var length: Double { lengths.last ?? 0 }

    /// The box around the lines.
    var box: SVGBox {
        var box = SVGBox()
        for point in points { box.include(point.x, point.y) }
        return box
    }

    /// - Parameter isWhole: whether the lines go through all parts of the path, jumps between them included.
    init(path text: String, isWhole: Bool = false) {
        var numbers = SVGNumbers(text)
        var command: UInt8 = 0
        var (x, y) = (0.0, 0.0)
        var start = (x: 0.0, y: 0.0)
        var control: (x: Double, y: Double)?
        var quadratic: (x: Double, y: Double)?
        while true {
            if let letter = numbers.nextLetter() { command = letter }
            let isRelative = command & 0x20 != 0
            let kind = command | 0x20
            let count = SVGGeometry.parameters(of: kind)
            if count == 0 {
                guard kind == UInt8(ascii: "z") else { return }
                add(start.x, start.y)
                (x, y) = start
                command = 0
                continue
            }
            var values: [Double] = []
            while values.count < count {
                let isFlag = kind == UInt8(ascii: "a") && (values.count == 3 || values.count == 4)
                guard let value = isFlag ? numbers.nextFlag() : numbers.next() else { return }
                values.append(value)
            }
            let origin = isRelative ? (x: x, y: y) : (x: 0, y: 0)
            func point(_ index: Int) -> (x: Double, y: Double) {
                (origin.x + values[index], origin.y + values[index + 1])
            }
            var end = (x: x, y: y)
            var (nextControl, nextQuadratic): ((x: Double, y: Double)?, (x: Double, y: Double)?) = (nil, nil)
            switch kind {
            case UInt8(ascii: "m"):
                // Text goes along the first part of a path only.
                guard isWhole || points.isEmpty || length == 0 else { return }
                end = point(0)
                start = end
                if length == 0 { (points, lengths) = ([], []) }
                add(end.x, end.y)
                command = isRelative ? UInt8(ascii: "l") : UInt8(ascii: "L")
            case UInt8(ascii: "h"): end.x = origin.x + values[0]
            case UInt8(ascii: "v"): end.y = origin.y + values[0]
            case UInt8(ascii: "c"), UInt8(ascii: "s"):
                let isShort = kind == UInt8(ascii: "s")
                let first = isShort ? control.map { (x: 2 * x - $0.x, y: 2 * y - $0.y) } ?? (x: x, y: y) : point(0)
                let second = point(isShort ? 0 : 2)
                end = point(isShort ? 2 : 4)
                addCurve((x, y), first, second, end)
                nextControl = second
            case UInt8(ascii: "q"), UInt8(ascii: "t"):
                let isShort = kind == UInt8(ascii: "t")
                let middle = isShort ? quadratic.map { (x: 2 * x - $0.x, y: 2 * y - $0.y) } ?? (x: x, y: y) : point(0)
                end = point(isShort ? 0 : 2)
                let first = (x: x + (middle.x - x) * 2 / 3, y: y + (middle.y - y) * 2 / 3)
                let second = (x: end.x + (middle.x - end.x) * 2 / 3, y: end.y + (middle.y - end.y) * 2 / 3)
                addCurve((x, y), first, second, end)
                nextQuadratic = middle
            case UInt8(ascii: "a"):
                end = point(5)
                addArc(from: (x, y), values, to: end)
            default: end = point(0)
            }
            add(end.x, end.y)
            (x, y) = end
            (control, quadratic) = (nextControl, nextQuadratic)
        }
    }

    /// The point at a length, and the direction there; nil before the beginning and past the end.
    func place(at length: Double) -> (x: Double, y: Double, degrees: Double)? {
        guard length >= 0, length <= self.length, points.count > 1 else { return nil }
        var (low, high) = (1, lengths.count - 1)
        while low < high {
            let middle = (low + high) / 2
            if lengths[middle] < length { low = middle + 1 } else { high = middle }
        }
        let (from, to) = (points[low - 1], points[low])
        let piece = lengths[low] - lengths[low - 1]
        let share = piece > 0 ? (length - lengths[low - 1]) / piece : 0
        return (
            from.x + (to.x - from.x) * share, from.y + (to.y - from.y) * share,
            SVGAngle.degrees(x: to.x - from.x, y: to.y - from.y)
        )
    }

    private mutating func add(_ x: Double, _ y: Double) {
        guard x.isFinite, y.isFinite else { return }
        if let last = points.last {
            let length = hypot(x - last.x, y - last.y)
            guard length > 0 else { return }
            lengths.append(self.length + length)
        } else {
            lengths.append(0)
        }
        points.append((x, y))
    }

    private mutating func addCurve(
        _ start: (x: Double, y: Double), _ first: (x: Double, y: Double), _ second: (x: Double, y: Double),
        _ end: (x: Double, y: Double)
    ) {
        for piece in 1...Self.pieces {
            let t = Double(piece) / Double(Self.pieces)
            let u = 1 - t
            let (a, b, c, d) = (u * u * u, 3 * u * u * t, 3 * u * t * t, t * t * t)
            add(
                a * start.x + b * first.x + c * second.x + d * end.x,
                a * start.y + b * first.y + c * second.y + d * end.y)
        }
    }

    /// SVG 2, section B.2.4.
    private mutating func addArc(from start: (x: Double, y: Double), _ values: [Double], to end: (x: Double, y: Double))
    {
        var (rx, ry) = (abs(values[0]), abs(values[1]))
        guard rx > 0, ry > 0 else { return }
        let turn = SVGAngle(degrees: values[2])
        let (dx, dy) = ((start.x - end.x) / 2, (start.y - end.y) / 2)
        let (x, y) = (turn.cosine * dx + turn.sine * dy, turn.cosine * dy - turn.sine * dx)
        let excess = x * x / (rx * rx) + y * y / (ry * ry)
        if excess > 1 { (rx, ry) = (rx * excess.squareRoot(), ry * excess.squareRoot()) }
        let rest = max(0, (rx * rx * ry * ry) / (rx * rx * y * y + ry * ry * x * x) - 1).squareRoot()
        let sign = (values[3] == 0) == (values[4] == 0) ? -1.0 : 1
        let (cx, cy) = (sign * rest * rx * y / ry, -sign * rest * ry * x / rx)
        let center = (
            x: turn.cosine * cx - turn.sine * cy + (start.x + end.x) / 2,
            y: turn.sine * cx + turn.cosine * cy + (start.y + end.y) / 2
        )
        let from = atan2((y - cy) / ry, (x - cx) / rx)
        var sweep = atan2((-y - cy) / ry, (-x - cx) / rx) - from
        if values[4] == 0, sweep > 0 { sweep -= 2 * .pi }
        if values[4] != 0, sweep < 0 { sweep += 2 * .pi }
        for piece in 1..<(2 * Self.pieces) {
            let angle = from + sweep * Double(piece) / Double(2 * Self.pieces)
            let (px, py) = (rx * cos(angle), ry * sin(angle))
            add(
                center.x + turn.cosine * px - turn.sine * py, center.y + turn.sine * px + turn.cosine * py)
        }
    }
}
