internal import Fetch
internal import JSON

extension E2BClient {
    /// Creates a sandbox. It costs money until it is killed or its timeout ends it.
    ///
    /// A call that is cancelled or times out may have created one all the same. E2B ends that one at its timeout.
    public func create(_ options: SandboxOptions) async throws(E2BError) -> Sandbox {
        var json = JSONWriter()
        json.member("templateID", options.template)
        json.member("timeout", WireFormat.seconds(options.timeout))
        json.member("secure", true)
        if options.pausesAtEnd { json.member("autoPause", true) }
        if !options.metadata.isEmpty { json.member("metadata", options.metadata) }
        if !options.envs.isEmpty { json.member("envVars", options.envs) }
        let body = try await call(.create, "POST", "/sandboxes", json.finish(), expecting: [201])
        return try read(.create, body, Sandbox.init(json:))
    }

    /// Kills a sandbox. Returns false if it was gone already.
    @discardableResult
    public func kill(sandbox id: String) async throws(E2BError) -> Bool {
        do {
            _ = try await call(.kill, "DELETE", try path(.kill, id), expecting: [204])
            return true
        } catch .notFound {
            return false
        }
    }

    public func info(sandbox id: String) async throws(E2BError) -> SandboxInfo {
        let body = try await call(.info, "GET", try path(.info, id), expecting: [200])
        return try read(.info, body, SandboxInfo.init(json:))
    }

    /// Looks up a sandbox that was found in a list: what E2B knows about it, and the tokens that it takes to use it.
    ///
    /// This does not wake a paused sandbox; ``connect(sandbox:timeout:)`` does.
    ///
    /// - Throws: `.notFound` if there is no such sandbox.
    public func sandbox(_ id: String) async throws(E2BError) -> (sandbox: Sandbox, info: SandboxInfo) {
        let body = try await call(.info, "GET", try path(.info, id), expecting: [200])
        return try read(.info, body) { json throws(MalformedJSON) in
            guard let sandbox = try Sandbox(json: json), let info = try SandboxInfo(json: json) else { return nil }
            return (sandbox, info)
        }
    }

    /// Sets the sandbox's end to `timeout` from now, which may be earlier or later than it was before.
    public func setTimeout(_ timeout: Duration, sandbox id: String) async throws(E2BError) {
        var json = JSONWriter()
        json.member("timeout", WireFormat.seconds(timeout))
        _ = try await call(.setTimeout, "POST", try path(.setTimeout, id) + "/timeout", json.finish(), expecting: [204])
    }

    /// Finds a sandbox again, and wakes it if it was paused. It then lives at least this long.
    public func connect(sandbox id: String, timeout: Duration) async throws(E2BError) -> Sandbox {
        var json = JSONWriter()
        json.member("timeout", WireFormat.seconds(timeout))
        let body = try await call(
            .connect, "POST", try path(.connect, id) + "/connect", json.finish(), expecting: [200, 201])
        return try read(.connect, body, Sandbox.init(json:))
    }

    // MARK: - Calls

    /// Makes a call to the control API, and returns the answer's body.
    func call(
        _ step: E2BError.Step, _ method: String, _ path: String, _ json: [UInt8]? = nil, expecting statuses: Set<Int>
    ) async throws(E2BError) -> [UInt8] {
        try await answer(step, method, path, json, expecting: statuses).body
    }

    func answer(
        _ step: E2BError.Step, _ method: String, _ path: String, _ json: [UInt8]? = nil, expecting statuses: Set<Int>,
        limit: Int = 1 << 20
    ) async throws(E2BError) -> FetchResponse {
        var request = FetchRequest(
            method: method, url: endpoints.api + path, body: json, timeout: configuration.requestTimeout,
            responseLimit: limit)
        request.headers = [("X-API-Key", configuration.apiKey), ("Accept", "application/json")]
        if json != nil { request.headers.append(("Content-Type", "application/json")) }
        return try await observed(step) { [request] () throws(E2BError) in
            let response = try await response(step, to: request)
            guard statuses.contains(response.head.status) else {
                throw E2BError(
                    step, response.head, body: response.body,
                    without: Secrets([configuration.apiKey], redact: configuration.redact))
            }
            return response
        }
    }

    private func path(_ step: E2BError.Step, _ id: String) throws(E2BError) -> String {
        guard WireFormat.isSandboxID(id) else {
            throw .refused(step, status: 400, message: "this is not a sandbox's id")
        }
        return "/sandboxes/\(id)"
    }
}
