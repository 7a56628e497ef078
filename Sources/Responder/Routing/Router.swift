/// The table of endpoints: which of them answers a request.
struct Router: Sendable {
    enum Match {
        case endpoint(any Endpoint, Route)
        /// There is one at this path, for other methods. An error has its shape.
        case otherMethod(any Endpoint, Route, allowed: [String])
        case nothing
    }

    /// What each endpoint says of itself is asked once.
    private typealias Entry = (endpoint: any Endpoint, route: Route)

    private let entries: [String: [Entry]]
    /// `POST /execute, GET /health and GET /openapi.json`.
    let summary: String

    /// - Parameter endpoints: in the order in which they are told. Several may share a path, each for methods of its own.
    init(_ endpoints: [any Endpoint]) {
        let all = endpoints.map { Entry($0, $0.route) }
        entries = Dictionary(grouping: all, by: \.route.path)
        let lines = all.flatMap { entry in entry.route.methods.map { "\($0) \(entry.route.path)" } }
        summary =
            lines.count < 2
            ? lines.joined() : lines.dropLast().joined(separator: ", ") + " and " + (lines.last ?? "")
    }

    func match(_ method: String, _ path: String) -> Match {
        guard let here = entries[path], let first = here.first else { return .nothing }
        if let entry = here.first(where: { $0.route.allows(method) }) { return .endpoint(entry.endpoint, entry.route) }
        return .otherMethod(first.endpoint, first.route, allowed: here.flatMap(\.route.allowedMethods))
    }

    /// The endpoint that a request is for, whatever its method: what it may send is known before that is looked at.
    func route(at path: String) -> Route? { entries[path]?.first?.route }
}
