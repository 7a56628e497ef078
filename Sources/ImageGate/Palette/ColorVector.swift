/// Four numbers that are added and scaled together.
///
/// An optimised build makes it as fast as `SIMD4`. In a debug build `SIMD4` is a hundred times slower, because its
/// generic functions are not inlined.
struct ColorVector: Equatable, Sendable {
    var x: Float
    var y: Float
    var z: Float
    var w: Float

    @inline(__always)
    init(_ x: Float, _ y: Float, _ z: Float, _ w: Float) { (self.x, self.y, self.z, self.w) = (x, y, z, w) }

    static let zero = ColorVector(0, 0, 0, 0)

    @inline(__always)
    var sum: Float { x + y + z + w }

    @inline(__always)
    var squaredLength: Float { x * x + y * y + z * z + w * w }

    subscript(axis: Int) -> Float {
        switch axis {
        case 0: x
        case 1: y
        case 2: z
        default: w
        }
    }

    @inline(__always)
    static func + (one: Self, other: Self) -> Self {
        Self(one.x + other.x, one.y + other.y, one.z + other.z, one.w + other.w)
    }

    @inline(__always)
    static func - (one: Self, other: Self) -> Self {
        Self(one.x - other.x, one.y - other.y, one.z - other.z, one.w - other.w)
    }

    /// Multiplies the vectors axis by axis.
    @inline(__always)
    static func * (one: Self, other: Self) -> Self {
        Self(one.x * other.x, one.y * other.y, one.z * other.z, one.w * other.w)
    }

    /// Divides the vectors axis by axis.
    @inline(__always)
    static func / (one: Self, other: Self) -> Self {
        Self(one.x / other.x, one.y / other.y, one.z / other.z, one.w / other.w)
    }

    @inline(__always)
    static func * (vector: Self, scale: Float) -> Self {
        Self(vector.x * scale, vector.y * scale, vector.z * scale, vector.w * scale)
    }

    @inline(__always)
    static func += (one: inout Self, other: Self) {
        one.x += other.x
        one.y += other.y
        one.z += other.z
        one.w += other.w
    }

    /// The vector with every axis clamped to ±limit.
    @inline(__always)
    func limited(to limit: Float) -> Self {
        Self(
            min(max(x, -limit), limit), min(max(y, -limit), limit), min(max(z, -limit), limit),
            min(max(w, -limit), limit))
    }
}
