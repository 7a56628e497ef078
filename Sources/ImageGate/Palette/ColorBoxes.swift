/// Colours in boxes that are cut until there are enough: after Heckbert's median cut, and Wu's choice of what to cut, and where.
struct ColorBoxes {
    private struct Box {
        let range: Range<Int>
        let mean: ColorVector
        /// The axis along which its colours differ most.
        let axis: Int
        /// The sum of squared distances to the mean.
        let error: Float
    }

    private var entries: [ColorHistogram.Entry]

    init(_ entries: [ColorHistogram.Entry]) { self.entries = entries }

    /// The middles of up to `count` boxes.
    mutating func middles(_ count: Int) -> [ColorPoint] {
        var boxes = [box(entries.indices)]
        while boxes.count < count {
            guard let worst = boxes.indices.max(by: { boxes[$0].error < boxes[$1].error }), boxes[worst].error > 0
            else { break }
            let box = boxes[worst]
            let middle = split(box)
            // All on one side: what is left of the error is rounding.
            guard box.range.lowerBound < middle, middle < box.range.upperBound else { break }
            boxes[worst] = self.box(box.range.lowerBound..<middle)
            boxes.append(self.box(middle..<box.range.upperBound))
        }
        return boxes.map { ColorPoint(axes: $0.mean) }
    }

    func cut(into count: Int) -> [ColorPoint] {
        var boxes = self
        return boxes.middles(count)
    }

    /// Where the two halves are most of one colour each. Returns where the upper one begins.
    private mutating func split(_ box: Box) -> Int {
        let threshold = threshold(box)
        return entries[box.range].partition { $0.point.axes[box.axis] > threshold }
    }

    /// Of 64 places along the box's longest axis, the one that leaves the least error (Otsu).
    private func threshold(_ box: Box) -> Float {
        var (low, high) = (Float.infinity, -Float.infinity)
        for entry in entries[box.range] {
            low = min(low, entry.point.axes[box.axis])
            high = max(high, entry.point.axes[box.axis])
        }
        let step = (high - low) / Float(Self.places)
        guard step > 0 else { return high }
        var bins = [(weight: Float, sum: Float)](repeating: (0, 0), count: Self.places)
        for entry in entries[box.range] {
            // From the mean: what is far away counts, not where zero is.
            let value = entry.point.axes[box.axis]
            let bin = min(Int((value - low) / step), Self.places - 1)
            bins[bin].weight += entry.weight
            bins[bin].sum += (value - box.mean[box.axis]) * entry.weight
        }
        let total = bins.reduce(into: (weight: Float(0), sum: Float(0))) { total, bin in
            total.weight += bin.weight
            total.sum += bin.sum
        }
        var below = (weight: Float(0), sum: Float(0))
        var best = (gain: Float(-1), place: 0)
        for (place, bin) in bins.enumerated() {
            below.weight += bin.weight
            below.sum += bin.sum
            let above = (weight: total.weight - below.weight, sum: total.sum - below.sum)
            guard below.weight > 0, above.weight > 0 else { continue }
            let gain = below.sum * below.sum / below.weight + above.sum * above.sum / above.weight
            if gain > best.gain { best = (gain, place) }
        }
        return low + step * Float(best.place + 1)
    }

    private static let places = 64

    private func box(_ range: Range<Int>) -> Box {
        var weight: Float = 0
        var sum = ColorVector.zero
        for entry in entries[range] {
            weight += entry.weight
            sum += entry.point.axes * entry.weight
        }
        let mean = sum * (1 / max(weight, 1))
        var squares = ColorVector.zero
        for entry in entries[range] {
            let difference = entry.point.axes - mean
            squares += difference * difference * entry.weight
        }
        let axis = (0..<4).max { squares[$0] < squares[$1] } ?? 0
        return Box(range: range, mean: mean, axis: axis, error: range.count > 1 ? squares.sum : 0)
    }
}
