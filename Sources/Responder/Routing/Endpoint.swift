import FastCGI
import Interpreter

/// An endpoint of the service: its route, how it handles a request, and the form of its errors.
protocol Endpoint: Sendable {
    var route: Route { get }

    /// Reads a request to this endpoint, and the part of its body that the endpoint needs.
    ///
    /// - Parameter memory: the reservation for what is made of the body. It is kept until the request is answered.
    /// - Throws: ``Refusal``, which is answered in the form of ``answer(to:)``.
    func accept(
        _ request: inout FastCGIRequest, from caller: String, holding memory: ByteBudget.Reservation
    ) async throws(Refusal) -> Acceptance

    /// Makes an error's answer in the form that callers of this endpoint read.
    func answer(to refusal: Refusal) -> Answer
}

/// The route of an endpoint: path, methods, access and limits.
struct Route: Sendable {
    enum Access: Sendable {
        /// Every caller that reaches the service.
        case anyone
        /// Callers that have a key; if no keys are configured, programs on this machine.
        case keyHolders
        /// Callers that have a key, and programs on this machine, whether keys are configured or not.
        case operators
    }

    /// A part in braces stands for any: see ``PathPattern``.
    let path: String
    /// The methods. `GET` includes `HEAD`.
    let methods: [String]
    let access: Access
    /// Whether a request counts as an execution in flight, and may compute for long.
    let runsCode: Bool
    /// Whether the endpoint leaves the request's executor before it computes for long, so that only a large request needs
    /// another one from the start.
    var isShort = false
    /// Whether the tokens of LibreChat count here. Whoever asks without a key then needs one, if the operator takes them.
    var takesTokens = false
    /// Whether the path is named to people who ask at another one.
    var isListed = true
    /// The headers that the endpoint reads, besides those of the key and the type of the body.
    var headers: [String] = []

    /// Makes the route of an endpoint that runs code for holders of a key.
    static func running(_ path: String, headers: [String] = [], isShort: Bool = false) -> Route {
        Route(
            path: path, methods: ["POST"], access: .keyHolders, runsCode: true, isShort: isShort, headers: headers)
    }

    /// Makes the route of an endpoint that informs every caller.
    static func telling(_ path: String, isShort: Bool = false) -> Route {
        Route(path: path, methods: ["GET"], access: .anyone, runsCode: false, isShort: isShort)
    }

    /// Makes the route of an endpoint that tells operators how the service is.
    static func operating(_ path: String) -> Route {
        Route(path: path, methods: ["GET"], access: .operators, runsCode: false, isListed: false)
    }

    /// Makes the route of an endpoint of LibreChat's own code interpreter API.
    static func codeAPI(_ path: String, _ methods: [String], runsCode: Bool = false) -> Route {
        Route(
            path: path, methods: methods, access: .keyHolders, runsCode: runsCode, takesTokens: true, isListed: false)
    }

    /// The values of the parts in braces of ``path``.
    func values(in path: String) -> [String: String] { PathPattern(self.path).values(in: path) ?? [:] }

    func allows(_ method: String) -> Bool {
        methods.contains(method) || method == "HEAD" && methods.contains("GET")
    }

    /// The headers that a browser asks for before a web page may send them: all but those that every page may send
    /// (https://fetch.spec.whatwg.org/#cors-safelisted-request-header).
    var headersOfPages: [String] { Credentials.headers + ["Content-Type"] + headers }

    /// The methods, with `HEAD` if there is `GET`.
    var allowedMethods: [String] { methods.flatMap { $0 == "GET" ? ["GET", "HEAD"] : [$0] } }
}

/// The result of accepting a request: an answer, or work that makes an answer.
enum Acceptance: Sendable {
    indirect case answered(Answer)
    /// Work in a sandbox, which counts as an execution in flight of `owner`; nil is the caller. `work` gets the request's
    /// own unique id. `refused` makes the answer if there is no place for the work; without it the refusal is an error in the
    /// endpoint's shape. `around` is called with all of that, the wait for a place included. Work that `isFree` is done
    /// also when the caller's budget is used up.
    case running(
        _ work: @Sendable (_ id: String, _ deadline: Deadline) async -> Answer, owner: String? = nil,
        refused: (@Sendable (Refusal) -> Answer)? = nil, around: Surrounding? = nil, isFree: Bool = false)

    typealias Surrounding = @Sendable (_ body: @escaping @Sendable () async -> Answer) async -> Answer
}
