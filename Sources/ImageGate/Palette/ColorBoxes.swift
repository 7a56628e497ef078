/// Boxes of colours, which are cut in two until there are enough of them. The method is Heckbert's median cut, with
/// Wu's choice of the box and of the place to cut.
struct ColorBoxes {
    private struct Box {
        let range: Range<Int>
        let mean: ColorVector
        /// The number of pixels with the box's colours.
        let weight: Float
        /// The axis along which the box's colours differ most.
        let axis: Int
        /// The sum of squared distances of the colours to their mean.
        let error: Float
    }

    private var entries: [ColorHistogram.Entry]

    init(_ entries: [ColorHistogram.Entry]) { self.entries = entries }

    /// Returns the means of up to `count` boxes.
    func cut(into count: Int) -> [ColorPoint] {
        var boxes = self
        return boxes.boxes(count).map { ColorPoint(axes: $0.mean) }
    }

    /// Returns the means of up to `count` groups. It makes four times as many boxes, and then joins those whose union
    /// adds the least error (Ward's method). This undoes cuts between similar colours, which cutting alone cannot
    /// avoid.
    func joined(into count: Int) -> [ColorPoint] {
        var boxes = self
        var groups = boxes.boxes(4 * count).map { ColorGroup(mean: $0.mean, weight: $0.weight) }
        while groups.count > count, let (one, other) = ColorGroup.nearestPair(groups) {
            groups[one] = groups[one].joined(groups[other])
            groups.remove(at: other)
        }
        return groups.map { ColorPoint(axes: $0.mean) }
    }

    private mutating func boxes(_ count: Int) -> [Box] {
        var boxes = [box(entries.indices)]
        while boxes.count < count {
            guard let worst = boxes.indices.max(by: { boxes[$0].error < boxes[$1].error }), boxes[worst].error > 0
            else { break }
            let box = boxes[worst]
            let middle = split(box)
            // If all colours are on one side, the remaining error is due to rounding.
            guard box.range.lowerBound < middle, middle < box.range.upperBound else { break }
            boxes[worst] = self.box(box.range.lowerBound..<middle)
            boxes.append(self.box(middle..<box.range.upperBound))
        }
        return boxes
    }

    /// Sorts the colours of a box into two halves with the least error in each.
    ///
    /// - Returns: the index at which the upper half begins.
    private mutating func split(_ box: Box) -> Int {
        let threshold = threshold(box)
        return entries[box.range].partition { $0.point.axes[box.axis] > threshold }
    }

    /// Returns the value along the box's axis at which a cut leaves the least error. It tries 64 values (Otsu's
    /// method).
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
            // Sums are relative to the mean, so that they stay precise in `Float`.
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
        return Box(range: range, mean: mean, weight: weight, axis: axis, error: range.count > 1 ? squares.sum : 0)
    }
}

/// A group of colours that becomes one entry of the palette.
private struct ColorGroup {
    let mean: ColorVector
    /// The number of pixels with the group's colours.
    let weight: Float

    func joined(_ other: Self) -> Self {
        let share = other.weight / (weight + other.weight)
        return Self(mean: mean + (other.mean - mean) * share, weight: weight + other.weight)
    }

    /// Returns the two groups whose union adds the least error, with the later group second; nil if there is only one
    /// group.
    static func nearestPair(_ groups: [Self]) -> (Int, Int)? {
        var best: (pair: (Int, Int), loss: Float)?
        for other in groups.indices {
            for one in 0..<other {
                let (first, second) = (groups[one], groups[other])
                let share = first.weight * second.weight / (first.weight + second.weight)
                let loss = (first.mean - second.mean).squaredLength * share
                if loss < best?.loss ?? .infinity { best = ((one, other), loss) }
            }
        }
        return best?.pair
    }
}
