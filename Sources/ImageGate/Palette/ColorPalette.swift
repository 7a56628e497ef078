/// Up to 256 colours, and the nearest of them to any.
struct ColorPalette: Sendable {
    /// By brightness: a search ends where brightness alone is further off than what was found.
    let colors: [PackedColor]
    let points: [ColorPoint]
    /// For each, a quarter of the squared distance to its neighbour: what is nearer than that has no nearer one.
    private let reach: [Float]

    /// - Parameter points: not empty.
    init(_ points: [ColorPoint]) {
        let colors = Set(points.map(\.color)).sorted { one, other in
            (ColorPoint(one).axes.x, one.bits) < (ColorPoint(other).axes.x, other.bits)
        }
        let points = colors.map { ColorPoint($0) }
        self.colors = colors
        self.points = points
        reach = points.indices.map { index in
            let others = points.indices.lazy.filter { $0 != index }
            return (others.map { points[index].distanceSquared(points[$0]) }.min() ?? .infinity) / 4
        }
    }

    /// The colours that are nearest to an image's, `count` of them at most.
    ///
    /// Boxes of colours are cut in two, always the one with the largest error, and then each colour moves to the middle of
    /// those that are nearest to it (Lloyd), a few times. Of few colours each one counts: then there is a second start, and
    /// the better end is taken.
    init(of histogram: ColorHistogram, count: Int) {
        let boxes = ColorBoxes(histogram.entries)
        let first = Self(boxes.cut(into: count)).refined(for: histogram, times: 5)
        guard count <= Self.few else {
            self = first
            return
        }
        let second = Self(boxes.joined(into: count)).refined(for: histogram, times: 10)
        self = second.error(of: histogram) < first.error(of: histogram) ? second : first
    }

    private static let few = 32

    private func refined(for histogram: ColorHistogram, times: Int) -> Self {
        (0..<times).reduce(self) { palette, _ in palette.refined(for: histogram) }
    }

    /// The sum of squared distances.
    private func error(of histogram: ColorHistogram) -> Float {
        var index = 0
        return histogram.entries.reduce(0) { sum, entry in
            index = nearest(to: entry.point, guess: index)
            return sum + entry.point.distanceSquared(points[index]) * entry.weight
        }
    }

    private func refined(for histogram: ColorHistogram) -> Self {
        var sums = [ColorVector](repeating: .zero, count: points.count)
        var weights = [Float](repeating: 0, count: points.count)
        var index = 0
        for entry in histogram.entries {
            index = nearest(to: entry.point, guess: index)
            sums[index] += (entry.point.axes - points[index].axes) * entry.weight
            weights[index] += entry.weight
        }
        return Self(
            points.indices.map { index in
                guard weights[index] > 0 else { return points[index] }
                return ColorPoint(axes: points[index].axes + sums[index] * (1 / weights[index]))
            })
    }

    /// - Parameter guess: an index; the better it is, the sooner the answer.
    @inline(__always)
    func nearest(to point: ColorPoint, guess: Int) -> Int {
        points.withUnsafeBufferPointer { points in
            var best = guess
            var distance = point.distanceSquared(points[guess])
            if distance <= reach[guess] { return guess }
            var index = guess - 1
            while index >= 0 {
                let gap = point.axes.x - points[index].axes.x
                if gap > 0, gap * gap >= distance { break }
                let other = point.distanceSquared(points[index])
                if other < distance { (best, distance) = (index, other) }
                index -= 1
            }
            index = guess + 1
            while index < points.count {
                let gap = points[index].axes.x - point.axes.x
                if gap > 0, gap * gap >= distance { break }
                let other = point.distanceSquared(points[index])
                if other < distance { (best, distance) = (index, other) }
                index += 1
            }
            return best
        }
    }
}
