internal import FlyingFox
internal import Foundation

/// Handles every request: finds its service, applies a fault if one is set, and turns errors into responses.
struct Router: HTTPHandler {
    let sandboxes: Sandboxes
    let faults: Faults
    let apiKey: String
    let domain: String
    let hasNetwork: Bool

    func handleRequest(_ request: HTTPRequest) async throws -> HTTPResponse {
        do {
            return try await answer(request)
        } catch let refusal as HTTPError {
            return refusal.response
        } catch let error as FaultSyntaxError {
            return HTTPError.api(400, "\(error)").response
        }
    }

    private func answer(_ request: HTTPRequest) async throws -> HTTPResponse {
        let route = try RequestRoute(request)
        let fault = faults.nextRule(for: route.steps)
        guard let fault else { return try await serve(request, route, nil) }
        if let delay = fault.delay { try await Task.sleep(for: delay) }
        if fault.resets { return HTTPResponse(webSocket: ConnectionFault.Reset()) }
        if fault.hangs { return HTTPResponse(webSocket: ConnectionFault.Hang()) }
        let isStream = request.headers[.contentType]?.hasPrefix("application/connect+json") ?? false
        if let answer = fault.answer(route.address, isStream: isStream) { return answer }
        return try await fault.damaged(serve(request, route, fault))
    }

    private func serve(_ request: HTTPRequest, _ route: RequestRoute, _ fault: FaultRule?) async throws -> HTTPResponse
    {
        switch route.service {
        case .local: return try await answerLocal(request, route.path)
        case .control:
            let control = ControlAPI(sandboxes: sandboxes, apiKey: apiKey, domain: domain, hasNetwork: hasNetwork)
            return try await control.answer(request, route.path)
        case .interpreter(let id):
            let sandbox = try await find(id)
            return try await CodeInterpreter(sandbox: sandbox, fault: fault).answer(request, route.path)
        case .envd(let id?):
            let sandbox = try await find(id)
            return try await Envd(sandbox: sandbox, fault: fault).answer(request, route.path)
        case .envd(nil):
            return try await Envd(sandbox: findSigned(request), fault: fault).answer(request, route.path)
        case .port(let port, let id):
            // Ports of sandboxes are served by the edge, and not here.
            throw HTTPError.portClosed(try await find(id).id, port)
        }
    }

    private func find(_ id: String) async throws -> Sandbox {
        guard let sandbox = await sandboxes.find(id) else { throw HTTPError.sandboxGone(id) }
        return sandbox
    }

    /// Finds the sandbox of a signed URL, which names no sandbox if all sandboxes share one address. It is the sandbox
    /// whose secret made the signature.
    private func findSigned(_ request: HTTPRequest) async throws -> Sandbox {
        let query = Query(request.target.query())
        guard request.path == "/files", let signature = query["signature"] else {
            throw HTTPError.plain(400, "missing header")
        }
        let signed = FileSignature(request, query)
        let sandbox = await sandboxes.find { $0.token.map { signed.isSigned(signature, token: $0) } ?? false }
        guard let sandbox else { throw HTTPError.api(401, "invalid signature") }
        return sandbox
    }

    /// Answers requests that exist only in this server: for counters and for faults.
    private func answerLocal(_ request: HTTPRequest, _ path: [String]) async throws -> HTTPResponse {
        switch (request.method, path) {
        case (.GET, ["local", "stats"]):
            var stats = await sandboxes.stats
            stats.faults = faults.struckCount
            return try .json(stats)
        case (.PUT, ["local", "faults"]) where faults.isChangeable:
            try ControlAPI.checkKey(of: request, apiKey)
            let text = String(decoding: try await request.body(limit: 64 << 10), as: UTF8.self)
            faults.replace(with: try FaultRule.parse(text))
            return .noContent
        case (.PUT, ["local", "faults"]):
            throw HTTPError.api(403, "Faults are off. Start e2b-local with --faults.")
        default:
            throw HTTPError.api(404, "Not found")
        }
    }
}

extension HTTPRequest {
    /// Returns the whole body. A body above `limit` is read to its end and then refused, so that the client sees the
    /// response.
    func body(limit: Int) async throws -> [UInt8] {
        var body: [UInt8] = []
        var count = 0
        for try await piece in bodySequence {
            count += piece.count
            // A client that sends without end is not waited for.
            if count > limit + (1 << 30) { break }
            if count <= limit { body.append(contentsOf: piece) }
        }
        guard count <= limit else {
            throw HTTPError.api(413, "The body is larger than \(limit) bytes", headers: [.connection: "close"])
        }
        return body
    }
}
