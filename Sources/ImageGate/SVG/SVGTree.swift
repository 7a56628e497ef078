/// A parsed document before it is sanitised. Here it is changed so that librsvg draws what a browser shows: see the
/// extensions. Whatever it becomes, the sanitiser sees every element of it afterwards.
///
/// Elements and texts are stored in document order, so that nothing here is recursive.
struct SVGTree {
    struct Node {
        /// The element's local name; empty for a text.
        var name: String
        var namespace: String?
        var attributes: [SVGAttribute] = []
        var text = ""
        /// The index of the parent; -1 for the root.
        let parent: Int
        /// The index after the last node inside.
        var end: Int

        var isText: Bool { name.isEmpty }

        /// The value of an attribute without a namespace.
        subscript(name: String) -> String? {
            get { attributes.first { $0.name == name && $0.namespace == nil }?.value }
            set {
                let index = attributes.firstIndex { $0.name == name && $0.namespace == nil }
                switch (index, newValue) {
                case (let index?, let value?): attributes[index].value = value
                case (let index?, nil): attributes.remove(at: index)
                case (nil, let value?): attributes.append(SVGAttribute(name: name, namespace: nil, value: value))
                case (nil, nil): break
                }
            }
        }

        /// The element that the node refers to. `href` has precedence over `xlink:href`, as in SVG 2.
        var href: String? {
            self["href"] ?? attributes.first { $0.name == "href" && $0.namespace == SVGAllowList.xlinkNamespace }?.value
        }
    }

    /// An element that takes the place of others, or is added.
    struct Fragment {
        var name: String
        var attributes: [SVGAttribute]
        var text = ""
        var children: [Fragment] = []

        init(_ name: String, _ attributes: [(String, String)], text: String = "", children: [Fragment] = []) {
            self.name = name
            self.attributes = attributes.map { SVGAttribute(name: $0.0, namespace: nil, value: $0.1) }
            self.text = text
            self.children = children
        }
    }

    var nodes: [Node] = []
    /// What takes the place of nodes with all that is inside, by their indices. Nothing takes it if the list is empty.
    var replacements: [Int: [Fragment]] = [:]
    /// What follows nodes, by their indices.
    var additions: [Int: [Fragment]] = [:]
    /// What is drawn before all other content of the root.
    var background: Fragment?
    /// Filters that stand for functions, and go before all other content of the root.
    var filters: [(value: String, id: String, filter: Fragment)] = []
    /// Whether something cannot be drawn that browsers draw.
    var isIncomplete = false
    private var open: [Int] = []

    // MARK: Building

    mutating func start(_ name: String, namespace: String?, attributes: [SVGAttribute]) {
        nodes.append(
            Node(
                name: name, namespace: namespace, attributes: attributes, parent: open.last ?? -1, end: nodes.count + 1)
        )
        open.append(nodes.count - 1)
    }

    mutating func text(_ text: String) {
        guard let parent = open.last, let last = nodes.indices.last else { return }
        if nodes[last].isText, nodes[last].parent == parent {
            nodes[last].text += text
        } else {
            nodes.append(Node(name: "", namespace: nil, text: text, parent: parent, end: nodes.count + 1))
        }
    }

    mutating func end() { if let index = open.popLast() { nodes[index].end = nodes.count } }

    // MARK: Reading

    /// Whether a node is an element of SVG. Without a namespace it is one if the root has none either.
    func isSVG(_ index: Int) -> Bool {
        let namespace = nodes[index].namespace
        return !nodes[index].isText
            && (namespace == SVGAllowList.namespace || (namespace == nil && nodes[0].namespace == nil))
    }

    func isSVG(_ index: Int, _ name: String) -> Bool { nodes[index].name == name && isSVG(index) }

    /// Whether an element is one that the sanitiser keeps, or whose words are drawn.
    func isDrawn(_ index: Int) -> Bool {
        isSVG(index) && (SVGAllowList.elements.contains(nodes[index].name) || nodes[index].name == "foreignObject")
    }

    /// The elements in an element that are drawn.
    func drawnChildren(of index: Int) -> [Int] { children(of: index).filter(isDrawn) }

    func children(of index: Int) -> [Int] {
        var children: [Int] = []
        var child = index + 1
        while child < nodes[index].end {
            if !nodes[child].isText { children.append(child) }
            child = nodes[child].end
        }
        return children
    }

    // MARK: Writing

    func play(into sanitiser: inout SVGSanitiser) throws(ImageGateError) {
        var open: [Int] = []
        var index = 0
        while index <= nodes.count {
            while let last = open.last, nodes[last].end == index {
                sanitiser.end()
                open.removeLast()
                for fragment in additions[last] ?? [] { try Self.play(fragment, into: &sanitiser) }
            }
            guard index < nodes.count else { return }
            let node = nodes[index]
            if let fragments = replacements[index] {
                for fragment in fragments { try Self.play(fragment, into: &sanitiser) }
                index = node.end
                continue
            }
            if node.isText {
                sanitiser.text(node.text)
            } else {
                try sanitiser.start(node.name, namespace: node.namespace, attributes: node.attributes)
                open.append(index)
                if index == 0 {
                    for (_, _, filter) in filters { try Self.play(filter, into: &sanitiser) }
                    if let background { try Self.play(background, into: &sanitiser) }
                }
            }
            index += 1
        }
    }

    /// - Parameter fragment: of as many levels as the code here gives it, which are few.
    private static func play(_ fragment: Fragment, into sanitiser: inout SVGSanitiser) throws(ImageGateError) {
        try sanitiser.start(fragment.name, namespace: SVGAllowList.namespace, attributes: fragment.attributes)
        if !fragment.text.isEmpty { sanitiser.text(fragment.text) }
        for child in fragment.children { try play(child, into: &sanitiser) }
        sanitiser.end()
    }
}
