import JSON

/// One JSON-RPC message that a client has posted.
enum MCPMessage: Sendable {
    /// A notification, or a response to a request that this server never sends. Neither gets an answer.
    case unanswered
    /// The notification that the client no longer waits for the answer to this request.
    case cancelling(RequestID)
    case request(RequestID, MCPMethod, Era)
    /// A message that cannot be executed. `id` is nil if the message has no id that can be echoed.
    case refused(RPCError, id: RequestID?, Era)
}

/// The method of a request, with its arguments.
enum MCPMethod: Sendable {
    /// `version` is the version of the answer.
    case initialize(version: String)
    case ping
    case discover
    case listTools
    case callTool(ToolCall)
}

extension MCPMessage {
    /// Reads a message by the rules of its era, in the order in which the specification checks them.
    init(_ json: JSONValue, _ headers: MCPHeaders, _ tools: ToolTable) {
        var members: [String: JSONValue] = [:]
        // The scanner has found the text to be well formed.
        try? json.members { key, value in members.keep(key, value, of: Self.names) }
        let params = members["params"]
        let meta = Meta(params)
        let era = Self.era(headers, meta)
        guard json.kind == .object, members["jsonrpc"]?.string == "2.0" else {
            self = .refused(RPCError(.invalidRequest, "This is no JSON-RPC 2.0 message."), id: nil, era)
            return
        }
        guard let method = members["method"] else {
            self =
                members["result"] != nil || members["error"] != nil
                ? .unanswered : .refused(RPCError(.invalidRequest, "`method` is missing."), id: nil, era)
            return
        }
        guard let idMember = members["id"] else {
            guard let name = method.exactString else {
                self = .refused(RPCError(.invalidRequest, "`method` must be a string."), id: nil, era)
                return
            }
            let isCancelling = name == "notifications/cancelled"
            let meant = isCancelling ? params?.first("requestId").flatMap { RequestID($0) } : nil
            self = meant.map { .cancelling($0) } ?? .unanswered
            return
        }
        guard let id = RequestID(idMember) else {
            let error = RPCError(.invalidRequest, "`id` must be an integer or a string.")
            self = .refused(error, id: nil, era)
            return
        }
        do throws(RPCError) {
            guard let name = method.exactString else { throw RPCError(.invalidRequest, "`method` must be a string.") }
            let method =
                era == .modern
                ? try Self.modern(name, params, meta, headers, tools) : try Self.legacy(name, params, tools)
            self = .request(id, method, era)
        } catch {
            self = .refused(error, id: id, era)
        }
    }

    private static let names: Set = ["jsonrpc", "id", "method", "params", "result", "error"]

    /// Returns the era of a request. The SDKs decide by the header and the specification by the body, so either of them
    /// makes a request modern.
    private static func era(_ headers: MCPHeaders, _ meta: Meta) -> Era {
        headers.areModern || meta.version == MCPVersion.modern ? .modern : .legacy
    }

    // MARK: - Legacy

    private static func legacy(
        _ method: String, _ params: JSONValue?, _ tools: ToolTable
    ) throws(RPCError) -> MCPMethod {
        switch method {
        case "initialize":
            let asked = params?.first("protocolVersion")?.exactString
            let isKnown = asked.map(MCPVersion.legacy.contains) ?? false
            return .initialize(version: isKnown ? asked ?? "" : MCPVersion.newestLegacy)
        case "ping": return .ping
        case "tools/list": return .listTools
        case "tools/call": return .callTool(try ToolCall(params, tools))
        default: throw RPCError(.methodNotFound, "There is no method \(method.prefix(100)).")
        }
    }

    // MARK: - Modern

    private static func modern(
        _ method: String, _ params: JSONValue?, _ meta: Meta, _ headers: MCPHeaders, _ tools: ToolTable
    ) throws(RPCError) -> MCPMethod {
        guard let version = meta.version else {
            throw RPCError(.invalidParams, "`params._meta` must have `\(Meta.versionName)`, a string.")
        }
        guard meta.hasCapabilities else {
            throw RPCError(.invalidParams, "`params._meta` must have `\(Meta.capabilitiesName)`, an object.")
        }
        let tool = method == "tools/call" ? params?.first("name")?.exactString : nil
        for (name, header, expected) in [
            (MCPHeaders.versionName, headers.version, version), (MCPHeaders.methodName, headers.method, method),
        ] + (tool.map { [(MCPHeaders.nameName, headers.decodedName, $0)] } ?? []) {
            // `==` would accept another Unicode form of the same characters.
            guard let header, header.utf8.elementsEqual(expected.utf8) else {
                throw RPCError(
                    .headerMismatch,
                    "The header \(name) must be there once, and say what the body says: \(expected.prefix(100)).")
            }
        }
        guard version == MCPVersion.modern else { throw .unsupported(version) }
        switch method {
        case "server/discover": return .discover
        case "tools/list": return .listTools
        case "tools/call": return .callTool(try ToolCall(params, tools))
        default: throw RPCError(.methodNotFound, "There is no method \(method.prefix(100)).")
        }
    }

    /// The members of `params._meta` that have a meaning here.
    private struct Meta {
        static let versionName = "io.modelcontextprotocol/protocolVersion"
        static let capabilitiesName = "io.modelcontextprotocol/clientCapabilities"

        let version: String?
        let hasCapabilities: Bool

        init(_ params: JSONValue?) {
            let meta = params?.first("_meta")
            version = meta?.first("io.modelcontextprotocol/protocolVersion")?.exactString
            hasCapabilities = meta?.first("io.modelcontextprotocol/clientCapabilities")?.kind == .object
        }
    }
}

extension JSONValue {
    /// Returns the first member of this name; nil if there is none, or if the value is not an object.
    func first(_ name: StaticString) -> JSONValue? {
        var found: JSONValue?
        // The scanner has found the object to be well formed.
        try? members { key, value in if found == nil, name ~= key { found = value } }
        return found
    }
}
