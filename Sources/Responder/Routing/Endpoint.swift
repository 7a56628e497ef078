import Budget
import FastCGI
import Interpreter

/// One way into the service: where it is, who may use it, within which limits, and in which shape it answers.
protocol Endpoint: Sendable {
    var route: Route { get }

    /// Reads a request to this endpoint, and its body as far as it takes one.
    ///
    /// - Parameter memory: of what has been made of the body, for as long as the request is answered.
    /// - Throws: ``Refusal``, which is answered in the shape of ``answer(to:)``.
    func accept(
        _ request: inout FastCGIRequest, from caller: String, holding memory: ByteBudget.Reservation
    ) async throws(Refusal) -> Acceptance

    /// An error in the shape that this endpoint's callers read.
    func answer(to refusal: Refusal) -> Answer
}

/// What the table of endpoints says of one of them.
struct Route: Sendable {
    enum Access: Sendable {
        /// Whoever reaches the service.
        case anyone
        /// Who has a key; without keys, who is on this machine.
        case keyHolders
    }

    let path: String
    /// `HEAD` comes with `GET`.
    let methods: [String]
    let access: Access
    /// Whether it takes one of the places for executions in flight, and computes on threads of its own.
    let runsCode: Bool

    /// An endpoint that runs code for key holders.
    static func running(_ path: String) -> Route {
        Route(path: path, methods: ["POST"], access: .keyHolders, runsCode: true)
    }

    /// An endpoint that tells something to anyone.
    static func telling(_ path: String) -> Route {
        Route(path: path, methods: ["GET"], access: .anyone, runsCode: false)
    }

    func allows(_ method: String) -> Bool {
        methods.contains(method) || method == "HEAD" && methods.contains("GET")
    }

    /// With those that come with others.
    var allowedMethods: [String] { methods.flatMap { $0 == "GET" ? ["GET", "HEAD"] : [$0] } }
}

/// What an endpoint made of a request.
enum Acceptance: Sendable {
    case answered(Answer)
    /// Work in a sandbox, within the limit of executions in flight.
    ///
    /// `id` is the request's, unique.
    case running(@Sendable (_ id: String, _ deadline: Deadline) async -> Answer)
}
