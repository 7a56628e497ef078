/// The table of endpoints, which finds the endpoint for a request.
struct Router: Sendable {
    enum Match {
        case endpoint(any Endpoint, Route)
        /// The path has endpoints for other methods only. The error has the form of the first of `others`.
        case otherMethod(any Endpoint, others: [Route])
        case nothing
    }

    /// Stands for the route of a path that no endpoint has.
    static let noRoute = "none"

    /// An endpoint and its route, which is asked for only once.
    private typealias Entry = (endpoint: any Endpoint, route: Route)

    private let entries: [String: [Entry]]
    /// The routes whose paths have parts that stand for any, in the order of the endpoints.
    private let patterns: [(pattern: PathPattern, entries: [Entry])]
    /// The endpoints for a message, such as `POST /execute, GET /health and GET /openapi.json`.
    let summary: String

    /// - Parameter endpoints: the endpoints in the order of the summary. Several may share a path if their methods
    ///   differ.
    init(_ endpoints: [any Endpoint]) {
        let all = endpoints.map { Entry($0, $0.route) }
        let byPath = Dictionary(grouping: all, by: \.route.path)
        entries = byPath.filter { PathPattern($0.key).isLiteral }
        var patterns: [(pattern: PathPattern, entries: [Entry])] = []
        for entry in all {
            let pattern = PathPattern(entry.route.path)
            guard !pattern.isLiteral, !patterns.contains(where: { $0.pattern.text == pattern.text }) else { continue }
            patterns.append((pattern, byPath[pattern.text] ?? []))
        }
        self.patterns = patterns
        let lines = all.filter(\.route.isListed).flatMap { entry in
            entry.route.methods.map { "\($0) \(entry.route.path)" }
        }
        summary =
            lines.count < 2
            ? lines.joined() : lines.dropLast().joined(separator: ", ") + " and " + (lines.last ?? "")
    }

    func match(_ method: String, _ path: String) -> Match {
        guard let here = here(path), let first = here.first else { return .nothing }
        if let entry = here.first(where: { $0.route.allows(method) }) { return .endpoint(entry.endpoint, entry.route) }
        return .otherMethod(first.endpoint, others: here.map(\.route))
    }

    /// The route of the first endpoint at the path, whatever the request's method. It decides how much of a body is
    /// read before the method is checked.
    func route(at path: String) -> Route? { here(path)?.first?.route }

    /// The entries of the path. A path that a route shows as it is goes before one with parts that stand for any.
    private func here(_ path: String) -> [Entry]? {
        entries[path] ?? patterns.first { $0.pattern.values(in: path) != nil }?.entries
    }
}
