/// Counts the elements that a document draws once each reference is expanded.
///
/// A kilobyte of `use` elements that refer to each other can draw a billion shapes. The sanitiser reports elements in
/// document order, and this type adds up what references draw, without expanding them.
struct SVGReferences {
    private struct Element {
        var depth: Int
        /// The index after the last element inside.
        var end: Int
    }

    private struct Reference {
        var from: Int
        var id: String
    }

    private struct Cost {
        var elements: Int
        /// The number of levels, including the element itself.
        var height: Int
    }

    private enum Progress {
        case open
        case known(Cost)
    }

    private var elements: [Element] = []
    /// The references in document order.
    private var references: [Reference] = []
    private var indexes: [String: Int] = [:]
    private var progress: [Int: Progress] = [:]

    mutating func open(id: String?, depth: Int, references ids: [String]) {
        if let id { indexes[id] = elements.count }
        references += ids.map { Reference(from: elements.count, id: $0) }
        elements.append(Element(depth: depth, end: elements.count + 1))
    }

    /// Adds the references of style sheets, which are known only at the end of the document.
    mutating func add(_ further: [(from: Int, id: String)]) {
        guard !further.isEmpty else { return }
        references = (references + further.map { Reference(from: $0.from, id: $0.id) }).sorted { $0.from < $1.from }
    }

    /// - Parameter index: the number of elements that were opened before the element.
    mutating func close(_ index: Int) { elements[index].end = elements.count }

    var count: Int { elements.count }

    func hasID(_ id: String) -> Bool { indexes[id] != nil }

    /// - Throws: `.forbidden` for circular references, for too many elements, and for too many levels.
    mutating func check() throws(ImageGateError) {
        guard !elements.isEmpty else { return }
        _ = try cost(of: 0, level: 1)
    }

    private mutating func cost(of index: Int, level: Int) throws(ImageGateError) -> Cost {
        switch progress[index] {
        case .known(let cost): return cost
        case .open: throw .forbidden(.svg, what: "references in a circle")
        case nil: break
        }
        // Each level of this recursion is at least one level of the drawing.
        guard level <= SVGLimit.depth else { throw tooDeep }
        progress[index] = .open
        let element = elements[index]
        var cost = Cost(elements: element.end - index, height: 1)
        for inner in elements[index..<element.end] { cost.height = max(cost.height, inner.depth - element.depth + 1) }

        for number in firstReference(from: index)..<references.endIndex {
            let reference = references[number]
            guard reference.from < element.end else { break }
            guard let target = indexes[reference.id] else { continue }
            let above = elements[reference.from].depth - element.depth + 1
            let shown = try self.cost(of: target, level: level + 1)
            cost.elements += shown.elements
            cost.height = max(cost.height, above + shown.height)
            guard cost.elements <= SVGLimit.drawnElements else {
                throw .forbidden(.svg, what: "references that draw more than \(SVGLimit.drawnElements) elements")
            }
        }
        guard cost.height <= SVGLimit.depth else { throw tooDeep }
        progress[index] = .known(cost)
        return cost
    }

    private var tooDeep: ImageGateError { .forbidden(.svg, what: "more than \(SVGLimit.depth) levels") }

    private func firstReference(from index: Int) -> Int {
        var low = references.startIndex
        var high = references.endIndex
        while low < high {
            let middle = (low + high) / 2
            if references[middle].from < index { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
