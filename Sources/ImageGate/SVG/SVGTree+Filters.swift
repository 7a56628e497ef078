/// A filter that draws nothing makes its element vanish, whereas a filter that does not exist leaves it as it is. So a
/// filter is taken out whole if one of its primitives cannot stay, and `feDropShadow`, which librsvg before 2.55 does
/// not know, is written as the primitives for which it is short.
/// https://www.w3.org/TR/filter-effects-1/#feDropShadowElement
extension SVGTree {
    mutating func mendFilters() {
        for index in nodes.indices where nodes[index].name == "filter" && isSVG(index) {
            let primitives = children(of: index).filter { isSVG($0) && nodes[$0].name.hasPrefix("fe") }
            let stay = primitives.allSatisfy { SVGAllowList.elements.contains(nodes[$0].name) }
            guard stay, !primitives.isEmpty else {
                replacements[index] = []
                continue
            }
            mendFilterValues(primitives)
            var usedNames = Set(primitives.compactMap { nodes[$0]["result"] })
            for (position, primitive) in primitives.enumerated() where nodes[primitive].name == "feDropShadow" {
                let previous = position == 0 ? nil : primitives[position - 1]
                expandDropShadow(primitive, after: previous, &usedNames)
            }
        }
    }

    /// - Parameter previous: the primitive whose result is the default input; nil for the first of the filter.
    private mutating func expandDropShadow(_ index: Int, after previous: Int?, _ usedNames: inout Set<String>) {
        func unusedName() -> String {
            var number = usedNames.count
            while usedNames.contains("shadow\(number)") { number += 1 }
            usedNames.insert("shadow\(number)")
            return "shadow\(number)"
        }
        let shadow = nodes[index]
        var input = shadow["in"] ?? "SourceGraphic"
        if shadow["in"] == nil, let previous {
            // The input is needed twice, so it needs a name. A drop shadow has left its result to its last primitive.
            if var last = replacements[previous]?.popLast() {
                let name = last.attributes.first { $0.name == "result" }?.value
                input = name ?? unusedName()
                if name == nil { last.attributes.append(SVGAttribute(name: "result", namespace: nil, value: input)) }
                replacements[previous]?.append(last)
            } else {
                input = nodes[previous]["result"] ?? unusedName()
                nodes[previous]["result"] = input
            }
        }
        let blurred = unusedName()
        func common(_ names: [String]) -> [(String, String)] {
            names.compactMap { name in shadow[name].map { (name, $0) } }
        }
        let space = common(["color-interpolation-filters"])
        let flood = common(["flood-color", "flood-opacity", "style", "class"])
        replacements[index] = [
            Fragment("feGaussianBlur", [("in", input), ("stdDeviation", shadow["stdDeviation"] ?? "2")] + space),
            Fragment(
                "feOffset", [("dx", shadow["dx"] ?? "2"), ("dy", shadow["dy"] ?? "2"), ("result", blurred)] + space),
            Fragment("feFlood", flood + space),
            Fragment("feComposite", [("in2", blurred), ("operator", "in")] + space),
            Fragment(
                "feMerge", common(["x", "y", "width", "height", "result"]) + space,
                children: [Fragment("feMergeNode", []), Fragment("feMergeNode", [("in", input)])]),
        ]
    }
}
