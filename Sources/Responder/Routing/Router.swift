/// The table of endpoints: which of them answers a request.
struct Router: Sendable {
    enum Match {
        case endpoint(any Endpoint)
        /// There is one at this path, for other methods. An error has its shape.
        case otherMethod(any Endpoint, allowed: [String])
        case nothing
    }

    private let endpoints: [String: [any Endpoint]]
    /// `POST /execute, GET /health and GET /openapi.json`.
    let summary: String

    /// - Parameter endpoints: in the order in which they are told. Several may share a path, each for methods of its own.
    init(_ endpoints: [any Endpoint]) {
        self.endpoints = Dictionary(grouping: endpoints) { $0.route.path }
        let lines = endpoints.flatMap { endpoint in endpoint.route.methods.map { "\($0) \(endpoint.route.path)" } }
        summary =
            lines.count < 2
            ? lines.joined() : lines.dropLast().joined(separator: ", ") + " and " + (lines.last ?? "")
    }

    func match(_ method: String, _ path: String) -> Match {
        guard let here = endpoints[path], let first = here.first else { return .nothing }
        if let endpoint = here.first(where: { $0.route.allowedMethods.contains(method) }) { return .endpoint(endpoint) }
        return .otherMethod(first, allowed: here.flatMap(\.route.allowedMethods))
    }

    /// The endpoint that a request is for, whatever its method: what it may send is known before that is looked at.
    func route(at path: String) -> Route? { endpoints[path]?.first?.route }
}
