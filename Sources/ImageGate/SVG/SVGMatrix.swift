internal import Glibc

/// The matrix of a transform. CSS has transforms of three dimensions, of which a drawing shows the plane part.
struct SVGMatrix: Equatable {
    /// The values of four columns of four rows, as `matrix3d()` has them.
    private var values: [Double]

    static let identity = SVGMatrix(1, 0, 0, 1, 0, 0)

    init(_ a: Double, _ b: Double, _ c: Double, _ d: Double, _ e: Double, _ f: Double) {
        values = [a, b, 0, 0, c, d, 0, 0, 0, 0, 1, 0, e, f, 0, 1]
    }

    /// - Parameter values: sixteen of them, by columns.
    init?(_ values: [Double]) {
        guard values.count == 16 else { return nil }
        self.values = values
    }

    static func translation(_ x: Double, _ y: Double, _ z: Double = 0) -> Self {
        var matrix = identity
        matrix.values.replaceSubrange(12..<15, with: [x, y, z])
        return matrix
    }

    static func scaling(_ x: Double, _ y: Double, _ z: Double = 1) -> Self {
        var matrix = identity
        (matrix.values[0], matrix.values[5], matrix.values[10]) = (x, y, z)
        return matrix
    }

    static func rotation(degrees: Double) -> Self {
        let angle = SVGAngle(degrees: degrees)
        return SVGMatrix(angle.cosine, angle.sine, -angle.sine, angle.cosine, 0, 0)
    }

    /// Turns around an axis in space (CSS Transforms Level 2, section 12.1).
    static func rotation(degrees: Double, around axis: (x: Double, y: Double, z: Double)) -> Self {
        let length = (axis.x * axis.x + axis.y * axis.y + axis.z * axis.z).squareRoot()
        guard length > 0, length.isFinite else { return identity }
        let (x, y, z) = (axis.x / length, axis.y / length, axis.z / length)
        let angle = SVGAngle(degrees: degrees)
        let (sine, cosine, rest) = (angle.sine, angle.cosine, 1 - angle.cosine)
        var matrix = identity
        matrix.values = [
            x * x * rest + cosine, x * y * rest + z * sine, x * z * rest - y * sine, 0,
            x * y * rest - z * sine, y * y * rest + cosine, y * z * rest + x * sine, 0,
            x * z * rest + y * sine, y * z * rest - x * sine, z * z * rest + cosine, 0,
            0, 0, 0, 1,
        ]
        return matrix
    }

    static func skewing(degrees x: Double, _ y: Double) -> Self {
        let (across, down) = (SVGAngle(degrees: x), SVGAngle(degrees: y))
        return SVGMatrix(1, down.sine / down.cosine, across.sine / across.cosine, 1, 0, 0)
    }

    static func perspective(_ distance: Double) -> Self {
        var matrix = identity
        matrix.values[11] = -1 / max(distance, 1)
        return matrix
    }

    /// Transforms with `other` first.
    static func * (one: Self, other: Self) -> Self {
        var product = identity
        for column in 0..<4 {
            for row in 0..<4 {
                product.values[4 * column + row] = (0..<4).reduce(0) {
                    $0 + one.values[4 * $1 + row] * other.values[4 * column + $1]
                }
            }
        }
        return product
    }

    /// The six values of the plane part, rounded; nil if one is not finite, or too large to be meant.
    var plane: [Double]? {
        let plane = [values[0], values[1], values[4], values[5], values[12], values[13]]
        guard plane.allSatisfy({ $0.isFinite && abs($0) < Self.largest }) else { return nil }
        return plane.enumerated().map { index, value in
            let places = index < 4 ? 1e9 : 1e6
            let rounded = (value * places).rounded() / places
            return rounded == 0 ? 0 : rounded
        }
    }

    private static let largest = 1e6

    /// Returns the smallest box around a box that is transformed.
    func box(around box: SVGBox) -> SVGBox {
        var result = SVGBox()
        guard !box.isEmpty else { return result }
        for x in [box.left, box.right] {
            for y in [box.top, box.bottom] {
                result.include(
                    values[0] * x + values[4] * y + values[12], values[1] * x + values[5] * y + values[13])
            }
        }
        return result
    }
}

/// A box around shapes, in the units of an element. It is empty at first.
struct SVGBox: Equatable {
    private(set) var (left, right) = (Double.infinity, -Double.infinity)
    private(set) var (top, bottom) = (Double.infinity, -Double.infinity)

    init() {}

    init(x: Double, y: Double, width: Double, height: Double) {
        (left, right, top, bottom) = (x, x + max(width, 0), y, y + max(height, 0))
    }

    var isEmpty: Bool { left > right || top > bottom }
    var width: Double { right - left }
    var height: Double { bottom - top }

    mutating func include(_ x: Double, _ y: Double) {
        guard x.isFinite, y.isFinite else { return }
        (left, right) = (min(left, x), max(right, x))
        (top, bottom) = (min(top, y), max(bottom, y))
    }

    func grown(by margin: Double) -> SVGBox {
        SVGBox(x: left - margin, y: top - margin, width: width + 2 * margin, height: height + 2 * margin)
    }

    mutating func include(_ other: SVGBox) {
        guard !other.isEmpty else { return }
        include(other.left, other.top)
        include(other.right, other.bottom)
    }
}
