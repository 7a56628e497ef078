internal import Glibc

/// An angle's sine and cosine.
struct SVGAngle {
    let sine: Double
    let cosine: Double

    init(degrees: Double) {
        (sine, cosine) = (sin(degrees * .pi / 180), cos(degrees * .pi / 180))
    }

    /// The direction of a vector, in degrees.
    static func degrees(x: Double, y: Double) -> Double { atan2(y, x) * 180 / .pi }
}
