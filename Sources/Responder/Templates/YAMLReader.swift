import JSON

/// Reads a YAML text that consists of one document. The depth and the number of values are limited.
struct YAMLReader: ~Copyable {
    private var events: YAMLEvents
    private var count = 0

    init(_ bytes: [UInt8]) throws(YAMLError) { events = try YAMLEvents(bytes) }

    /// Reads the document. Call it once.
    ///
    /// - Returns: nil if the text has no document.
    mutating func document() throws(YAMLError) -> YAMLNode? {
        _ = try events.next()  // the stream's start
        guard try events.next().event == .documentStart else { return nil }
        let root = try node(try events.next(), depth: 1)
        _ = try events.next()  // the document's end
        let (event, line) = try events.next()
        guard event == .streamEnd else { throw YAMLError(line: line, reason: "a second document begins here") }
        return root
    }

    private mutating func node(
        _ start: (event: YAMLEvents.Event, line: Int), depth: Int
    ) throws(YAMLError) -> YAMLNode {
        let line = start.line
        count += 1
        guard count <= Self.nodeLimit else {
            throw YAMLError(line: line, reason: "there are more than \(Self.nodeLimit) values")
        }
        guard depth <= Self.depthLimit else {
            throw YAMLError(line: line, reason: "values are nested more than \(Self.depthLimit) deep")
        }
        switch start.event {
        case .scalar(let text, let isPlain):
            return YAMLNode(content: .scalar(isPlain ? .init(plainScalar: text) : .text(text)), line: line)
        case .sequenceStart: return YAMLNode(content: .sequence(try sequence(depth: depth)), line: line)
        case .mappingStart: return YAMLNode(content: .mapping(try mapping(depth: depth)), line: line)
        default: throw YAMLError(line: line, reason: "a value is missing")
        }
    }

    private mutating func sequence(depth: Int) throws(YAMLError) -> [YAMLNode] {
        var nodes: [YAMLNode] = []
        while true {
            let next = try events.next()
            if next.event == .sequenceEnd { return nodes }
            nodes.append(try node(next, depth: depth + 1))
        }
    }

    private mutating func mapping(depth: Int) throws(YAMLError) -> [(name: String, value: YAMLNode)] {
        var members: [(name: String, value: YAMLNode)] = []
        var names: Set<String> = []
        while true {
            let (event, line) = try events.next()
            if event == .mappingEnd { return members }
            guard case .scalar(let name, _) = event else {
                throw YAMLError(line: line, reason: "a name must be a text")
            }
            guard names.insert(name).inserted else { throw YAMLError(line: line, reason: "a name is there twice") }
            members.append((name, try node(try events.next(), depth: depth + 1)))
        }
    }

    private static let depthLimit = 32
    private static let nodeLimit = 10_000
}
