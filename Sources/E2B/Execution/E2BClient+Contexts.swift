internal import Fetch
internal import JSON

extension E2BClient {
    /// Creates a context, which is a kernel of its own. Protocol.md, 5.5.
    ///
    /// - Parameters:
    ///   - language: nil for Python.
    ///   - cwd: absolute; nil for the user's home.
    /// - Throws: ``E2BError``: `.refused` for a language that the sandbox does not have.
    public func createContext(
        language: String? = nil, cwd: String? = nil, in sandbox: Sandbox
    ) async throws(E2BError) -> CodeContext {
        var message = JSONWriter()
        if let language { message.member("language", language) }
        if let cwd { message.member("cwd", cwd) }
        var request = try request(.createContext, "POST", "/contexts", of: .interpreter, in: sandbox)
        request.headers.append(("Content-Type", "application/json"))
        request.body = .bytes(message.finish())
        let body = try await call(.createContext, request, in: sandbox)
        return try read(.createContext, body, CodeContext.init(json:))
    }

    /// Lists all contexts, including the default ones.
    public func contexts(in sandbox: Sandbox) async throws(E2BError) -> [CodeContext] {
        let request = try request(.listContexts, "GET", "/contexts", of: .interpreter, in: sandbox)
        let body = try await call(.listContexts, request, in: sandbox)
        return try read(.listContexts, body) { json throws(MalformedJSON) in
            json.kind == .array ? try json.list(CodeContext.init(json:)) : nil
        }
    }

    /// Restarts a context: what runs in it is ended, and its variables are gone.
    ///
    /// - Throws: ``E2BError``: `.notFound` if there is no such context.
    public func restartContext(_ id: String, in sandbox: Sandbox) async throws(E2BError) {
        let path = try path(.restartContext, id) + "/restart"
        let request = try request(.restartContext, "POST", path, of: .interpreter, in: sandbox)
        _ = try await call(.restartContext, request, in: sandbox)
    }

    /// Deletes a context, and ends what runs in it. Never delete the default context of a language: code that names no context
    /// would find none until the sandbox ends.
    ///
    /// - Throws: ``E2BError``: `.notFound` if there is no such context.
    public func deleteContext(_ id: String, in sandbox: Sandbox) async throws(E2BError) {
        let request = try request(
            .deleteContext, "DELETE", try path(.deleteContext, id), of: .interpreter, in: sandbox)
        _ = try await call(.deleteContext, request, in: sandbox)
    }

    private func path(_ step: E2BError.Step, _ id: String) throws(E2BError) -> String {
        guard WireFormat.isContextID(id) else {
            throw .refused(step, status: 400, message: "this is not a context's id")
        }
        return "/contexts/\(id)"
    }
}

extension CodeContext {
    /// - Returns: nil if there is no id.
    init?(json: JSONValue) throws(MalformedJSON) {
        guard let id = try json.member("id")?.string else { return nil }
        self.init(
            id: id, language: try json.member("language")?.string ?? "", cwd: try json.member("cwd")?.string ?? "")
    }
}
