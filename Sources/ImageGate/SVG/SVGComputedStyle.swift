/// The part of an element's computed style that decides what is painted, and how often.
struct SVGComputedStyle {
    /// A paint, or another reference.
    enum Link: Equatable {
        /// The property has no value, so it is inherited if it is an inherited property.
        case unset
        case none
        /// A value that is not a reference, such as a colour.
        case plain
        /// A reference to an element, by the number of its name.
        case to(Int)
    }

    enum Property: Int, CaseIterable {
        case fill, stroke, markerStart, markerMid, markerEnd, mask, clipPath, filter
        case opacity, layer, display, overflow, strokeWidth, fontSize, growth, width, height, r, rx, ry

        /// The properties that a name of CSS sets; none if it does not affect the estimate. `marker` sets three.
        static func named(_ name: some StringProtocol) -> [Property] {
            switch name {
            case "fill": [.fill]
            case "stroke": [.stroke]
            case "marker": [.markerStart, .markerMid, .markerEnd]
            case "marker-start": [.markerStart]
            case "marker-mid": [.markerMid]
            case "marker-end": [.markerEnd]
            case "mask": [.mask]
            case "clip-path": [.clipPath]
            case "filter": [.filter]
            case "opacity": [.opacity]
            case "mix-blend-mode", "isolation", "enable-background": [.layer]
            case "display": [.display]
            case "overflow": [.overflow]
            case "stroke-width": [.strokeWidth]
            case "font-size": [.fontSize]
            case "transform": [.growth]
            case "width": [.width]
            case "height": [.height]
            case "r": [.r]
            case "rx": [.rx]
            case "ry": [.ry]
            default: []
            }
        }

        var isLink: Bool { rawValue <= Property.filter.rawValue }
    }

    struct Declaration {
        let property: Property
        let link: Link
        /// The value, which is a length, a factor or a flag.
        let number: Double
        let isImportant: Bool
    }

    private(set) var links = [Link](repeating: .unset, count: Property.filter.rawValue + 1)
    private var numbers = [Double](repeating: .nan, count: Property.allCases.count - Property.filter.rawValue - 1)

    mutating func apply(_ declaration: Declaration) {
        if declaration.property.isLink {
            links[declaration.property.rawValue] = declaration.link
        } else {
            numbers[declaration.property.rawValue - Property.filter.rawValue - 1] = declaration.number
        }
    }

    subscript(link property: Property) -> Link { links[property.rawValue] }

    /// The number that is set for a property; nil if there is none.
    subscript(number property: Property) -> Double? {
        let number = numbers[property.rawValue - Property.filter.rawValue - 1]
        return number.isNaN ? nil : number
    }

    // MARK: What style says

    /// - Parameter number: returns the number of an element's name.
    static func declarations(
        _ name: some StringProtocol, _ value: some StringProtocol, number: (String) -> Int
    ) -> [Declaration] {
        let properties = Property.named(name)
        guard !properties.isEmpty else { return [] }
        let isImportant = value.utf8.contains(UInt8(ascii: "!"))
        return properties.map { property in
            property.isLink
                ? Declaration(
                    property: property, link: link(value, number), number: .nan, isImportant: isImportant)
                : Declaration(
                    property: property, link: .unset, number: quantity(property, value), isImportant: isImportant)
        }
    }

    private static func link(_ value: some StringProtocol, _ number: (String) -> Int) -> Link {
        let value = String(value)
        if let id = SVGStyle.references(in: value).first { return .to(number(id)) }
        switch value.prefix(while: { $0 != "!" && $0 != " " }).lowercased() {
        case "inherit", "unset": return .unset
        case "none", "transparent", "initial": return .none
        default: return .plain
        }
    }

    private static func quantity(_ property: Property, _ value: some StringProtocol) -> Double {
        switch property {
        case .growth: return SVGNumbers.growth(of: value)
        case .opacity:
            var numbers = SVGNumbers(value)
            let number = numbers.next() ?? 1
            return numbers.unit() == "%" ? number / 100 : number
        case .layer: return ["normal", "auto", "accumulate"].contains { value.hasPrefix($0) } ? 0 : 1
        case .overflow: return ["hidden", "scroll"].contains { value.hasPrefix($0) } ? 0 : 1
        case .display: return value.hasPrefix("none") ? 0 : 1
        default: return SVGNumbers.length(value).map(abs) ?? .nan
        }
    }
}
