internal import FlyingFox
internal import Foundation

/// Every request comes through here: which service it is for, what fault strikes it, and what a failure looks like.
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
            // Ports are reached at the edge.
            throw HTTPError.portClosed(try await find(id).id, port)
        }
    }

    private func find(_ id: String) async throws -> Sandbox {
        guard let sandbox = await sandboxes.find(id) else { throw HTTPError.sandboxGone(id) }
        return sandbox
    }

    /// A signed URL names no sandbox when all sandboxes share one address: the one whose secret made it is meant.
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

    /// What only this server has: counters and faults.
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
    /// The whole body. One above `limit` is read to its end, so that the client sees the answer, and refused.
    func body(limit: Int) async throws -> [UInt8] {
        var body: [UInt8] = []
        var count = 0
        for try await piece in bodySequence {
            count += piece.count
            // Somebody who goes on for ever is not waited for.
            if count > limit + (1 << 30) { break }
            if count <= limit { body.append(contentsOf: piece) }
        }
        guard count <= limit else {
            throw HTTPError.api(413, "The body is larger than \(limit) bytes", headers: [.connection: "close"])
        }
        return body
    }
}
