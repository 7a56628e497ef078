/// The edges of the target's pixels along the source's side, in units of 1/4096 of a source pixel.
///
/// The unit has twelve bits, so that the sum of 65535 (light) × 255 (alpha) × 2^12 over a row of 2^27 pixels fits an
/// `Int`.
struct BoxEdges: Sendable {
    static let one = 1 << 12

    private(set) var edges: [Int]

    init(source: Int, target: Int) {
        precondition(0 < target && target <= source, "a box averages, it does not enlarge")
        edges = (0...target).map { $0 * source * Self.one / target }
    }

    var count: Int { edges.count - 1 }

    func span(_ index: Int) -> Int { edges[index + 1] - edges[index] }

    /// Returns for each source pixel the first target pixel that it overlaps, and the width of the overlap. The rest of
    /// the source pixel overlaps the next target pixel. It never overlaps a third one, because it is not larger than a
    /// target pixel.
    func shares(source: Int) -> [(target: Int32, weight: Int32)] {
        var target = 0
        return (0..<source).map { pixel in
            while edges[target + 1] <= pixel * Self.one { target += 1 }
            let weight = min(edges[target + 1] - pixel * Self.one, Self.one)
            return (Int32(target), Int32(weight))
        }
    }
}
