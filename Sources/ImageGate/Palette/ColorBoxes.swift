/// Colours in boxes that are cut until there are enough: Heckbert's median cut, with Wu's measure of what to cut.
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

    /// At the mean of its longest axis. Returns where the upper part begins.
    private mutating func split(_ box: Box) -> Int {
        entries[box.range].partition { $0.point.axes[box.axis] > box.mean[box.axis] }
    }

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
