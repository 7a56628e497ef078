internal import FlyingFox
internal import Foundation

/// Serves requests that create, find and end sandboxes. Protocol.md, 2.
struct ControlAPI {
    static let bodyLimit = 1 << 20
    static let longestTimeout = 86_400

    let sandboxes: Sandboxes
    let apiKey: String
    /// The domain of the host names at which the sandboxes' ports are reached.
    let domain: String
    /// Whether sandboxes have a network. All have one, or none has.
    let hasNetwork: Bool

    func answer(_ request: HTTPRequest, _ path: [String]) async throws -> HTTPResponse {
        if path == ["health"] { return .plain("Health check successful", status: 200) }
        try Self.checkKey(of: request, apiKey)
        let isV2 = path.first == "v2"
        let route = Array(isV2 ? path.dropFirst() : path[...])
        guard route.first == "sandboxes" else { throw HTTPError.api(404, "Not found") }
        switch (request.method, route.count, route.dropFirst(2).first) {
        case (.POST, 1, _): return try await create(request, isV2: isV2)
        case (.GET, 1, _): return try await list(request, isV2: isV2)
        case (.GET, 2, _):
            return try .json(SandboxDetail(try await find(route[1]), domain: domain, hasNetwork: hasNetwork))
        case (.DELETE, 2, _): return try await kill(route[1])
        case (.POST, 3, "timeout"): return try await setTimeout(request, route[1])
        case (.POST, 3, "refreshes"): return try await refresh(request, route[1])
        case (.POST, 3, "connect"): return try await connect(request, route[1], isV2: isV2)
        case (.POST, 3, "pause"): return try await pause(route[1])
        case (.POST, 3, "resume"): return try await resume(request, route[1])
        case (.GET, 3, "metrics"):
            _ = try await find(route[1])
            return .json(Array("[]".utf8))
        default: throw HTTPError.api(404, "Not found")
        }
    }

    static func checkKey(of request: HTTPRequest, _ apiKey: String) throws(HTTPError) {
        guard let key = request.headers[HTTPHeader("X-API-Key")], !key.isEmpty else {
            throw HTTPError.api(401, "API key is missing: send the one that e2b-local printed in the X-API-Key header")
        }
        guard Token.isEqual(key, apiKey) else {
            throw HTTPError.api(401, "Invalid API key: e2b-local prints a new one at each start")
        }
    }

    // MARK: Create and kill

    private struct Creation: Decodable {
        var templateID: String
        var timeout: Int?
        var metadata: [String: String]?
        var envVars: [String: String]?
        var secure: Bool?
        var autoPause: Bool?
        var allow_internet_access: Bool?
    }

    private func create(_ request: HTTPRequest, isV2: Bool) async throws -> HTTPResponse {
        let body = try await decode(Creation.self, request)
        let timeout = try checked(body.timeout ?? (isV2 ? 300 : 15))
        guard let template = Template(reference: body.templateID) else {
            throw HTTPError.api(404, "template '\(body.templateID)' not found")
        }
        guard !hasNetwork || body.allow_internet_access != false else {
            throw HTTPError.api(400, "This server's sandboxes share the machine's network: it cannot be taken from one")
        }
        let creation = Sandboxes.CreationRequest(
            template: template, metadata: body.metadata ?? [:], envs: body.envVars ?? [:],
            isSecured: isV2 || body.secure == true, pausesAtEnd: body.autoPause == true, timeout: timeout)
        let sandbox: Sandbox
        do throws(Sandboxes.LifecycleError) {
            sandbox = try await sandboxes.create(creation)
        } catch {
            throw Self.refusal(error, "")
        }
        return try .json(SandboxResponse(sandbox, domain: domain), status: 201)
    }

    private func kill(_ id: String) async throws -> HTTPResponse {
        try checkID(id)
        do throws(Sandboxes.LifecycleError) {
            try await sandboxes.kill(id)
            return .noContent
        } catch {
            throw Self.refusal(error, id)
        }
    }

    // MARK: Pause

    private func pause(_ id: String) async throws -> HTTPResponse {
        try checkID(id)
        do throws(Sandboxes.LifecycleError) {
            try await sandboxes.pause(id)
            return .noContent
        } catch {
            throw Self.refusal(error, id)
        }
    }

    /// A call of old SDKs. Newer ones connect.
    private func resume(_ request: HTTPRequest, _ id: String) async throws -> HTTPResponse {
        let timeout = try checked(try await decode(OptionalTimeout.self, request).timeout ?? 15)
        guard try await find(id).isPaused else {
            throw HTTPError.api(409, "Sandbox \"\(id)\" is already running")
        }
        return try await resume(id, timeout)
    }

    private func resume(_ id: String, _ timeout: Duration) async throws -> HTTPResponse {
        let sandbox: Sandbox
        do throws(Sandboxes.LifecycleError) {
            sandbox = try await sandboxes.resume(id, timeout: timeout)
        } catch {
            throw Self.refusal(error, id)
        }
        return try .json(SandboxResponse(sandbox, domain: domain), status: 201)
    }

    // MARK: Time

    private struct Timeout: Decodable { var timeout: Int }
    private struct Extension: Decodable { var duration: Int? }
    private struct OptionalTimeout: Decodable { var timeout: Int? }

    private func setTimeout(_ request: HTTPRequest, _ id: String) async throws -> HTTPResponse {
        let timeout = try checked(try await decode(Timeout.self, request).timeout)
        _ = try await extend(id, timeout, isExtension: false)
        return .noContent
    }

    private func refresh(_ request: HTTPRequest, _ id: String) async throws -> HTTPResponse {
        let duration = try await decode(Extension.self, request).duration ?? 15
        guard (0...3600).contains(duration) else {
            throw HTTPError.api(400, "Duration must be between 0 and 3600 seconds")
        }
        _ = try await extend(id, .seconds(max(15, duration)), isExtension: true)
        return .noContent
    }

    private func connect(_ request: HTTPRequest, _ id: String, isV2: Bool) async throws -> HTTPResponse {
        let seconds =
            isV2
            ? try await decode(OptionalTimeout.self, request).timeout ?? 300
            : try await decode(Timeout.self, request).timeout
        let timeout = try checked(seconds)
        if try await find(id).isPaused { return try await resume(id, timeout) }
        let sandbox = try await extend(id, timeout, isExtension: true)
        return try .json(SandboxResponse(sandbox, domain: domain))
    }

    private func extend(_ id: String, _ timeout: Duration, isExtension: Bool) async throws -> Sandbox {
        try checkID(id)
        do throws(Sandboxes.LifecycleError) {
            return try await sandboxes.setTimeout(timeout, of: id, isExtension: isExtension)
        } catch {
            throw Self.refusal(error, id)
        }
    }

    private func checked(_ seconds: Int) throws -> Duration {
        guard seconds > 0 else { throw HTTPError.api(400, "Timeout must be greater than 0") }
        guard seconds <= Self.longestTimeout else {
            throw HTTPError.api(400, "Timeout cannot be greater than \(Self.longestTimeout / 3600) hours")
        }
        return .seconds(seconds)
    }

    // MARK: Look

    private func find(_ id: String) async throws -> Sandbox {
        try checkID(id)
        guard let sandbox = await sandboxes.findInAnyState(id) else { throw Self.refusal(.notFound, id) }
        return sandbox
    }

    private func list(_ request: HTTPRequest, isV2: Bool) async throws -> HTTPResponse {
        let page: SandboxList.Page
        do throws(SandboxList.QueryError) {
            page = try SandboxList(Query(request.target.query()), isPaged: isV2).page(of: await sandboxes.all)
        } catch {
            throw HTTPError.api(400, error.message)
        }
        var headers: HTTPHeaders = [:]
        if let next = page.nextToken { headers[HTTPHeader("X-Next-Token")] = next }
        if let total = page.totalRunning { headers[HTTPHeader("X-Total-Running")] = "\(total)" }
        return try .json(page.sandboxes.map(ListedSandbox.init), headers: headers)
    }

    private func checkID(_ id: String) throws {
        guard SandboxAddress.isID(id) else { throw HTTPError.api(400, "Invalid sandbox ID") }
    }

    /// Decodes the body; a missing body counts as an empty object.
    private func decode<Body: Decodable>(_ type: Body.Type, _ request: HTTPRequest) async throws -> Body {
        let bytes = try await request.body(limit: Self.bodyLimit)
        do {
            return try JSONDecoder().decode(type, from: bytes.isEmpty ? Data("{}".utf8) : Data(bytes))
        } catch {
            throw HTTPError.api(400, "validation error: \(Self.explain(error))")
        }
    }

    private static func explain(_ error: any Error) -> String {
        switch error {
        case DecodingError.keyNotFound(let key, _): "property \"\(key.stringValue)\" is missing"
        case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context):
            "property \"\(context.codingPath.map(\.stringValue).joined(separator: "."))\" has the wrong type"
        default: "the body is not valid JSON"
        }
    }

    static func refusal(_ error: Sandboxes.LifecycleError, _ id: String) -> HTTPError {
        switch error {
        case .tooMany(let limit):
            .api(429, "you have reached the maximum number of concurrent E2B sandboxes (\(limit))")
        case .notStarted(let reason): .api(503, "Failed to place sandbox: \(reason)")
        case .stopping: .api(503, "Failed to place sandbox: the server is stopping")
        case .isPaused: .api(409, "Sandbox \"\(id)\" is already paused")
        case .isChanging: .api(409, "Sandbox \"\(id)\" is being paused or resumed, try again")
        case .notFound: .api(404, "Sandbox \"\(id)\" doesn't exist or you don't have access to it")
        }
    }
}
