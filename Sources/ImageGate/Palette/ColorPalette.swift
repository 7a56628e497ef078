/// Up to 256 colours, and a search for the colour that is nearest to a given one.
struct ColorPalette: Sendable {
    /// The colours sorted by brightness. A search can stop where the difference in brightness alone exceeds the best
    /// distance.
    let colors: [PackedColor]
    let points: [ColorPoint]
    /// For each colour, a quarter of the squared distance to the nearest other colour. A point within that distance has
    /// no nearer colour.
    private let reach: [Float]

    /// - Parameter points: the colours; at least one.
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

    /// Chooses at most `count` colours that represent an image best.
    ///
    /// The search starts from the means of boxes of colours, and then moves each colour a few times to the mean of the
    /// image's colours that are nearest to it (Lloyd's algorithm). If `count` is small, the search also starts from
    /// joined boxes, and takes the better result.
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
        var palette = self
        for _ in 0..<times {
            let refined = palette.refined(for: histogram)
            // What does not change once does not change any more.
            guard refined.colors != palette.colors else { return palette }
            palette = refined
        }
        return palette
    }

    /// Returns the sum of squared distances between the image's colours and their nearest colours of the palette.
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

    /// - Parameter guess: the index of a colour that may be near. The better the guess, the faster the search.
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
