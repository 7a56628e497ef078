internal import Fetch
internal import JSON

/// A method of envd's RPC services. Protocol.md, 4.
enum RPCMethod: String {
    case start = "/process.Process/Start"
    case connect = "/process.Process/Connect"
    case list = "/process.Process/List"
    case sendSignal = "/process.Process/SendSignal"
    case sendInput = "/process.Process/SendInput"
    case closeStdin = "/process.Process/CloseStdin"
    case stat = "/filesystem.Filesystem/Stat"
    case listDir = "/filesystem.Filesystem/ListDir"
    case makeDir = "/filesystem.Filesystem/MakeDir"
    case move = "/filesystem.Filesystem/Move"
    case remove = "/filesystem.Filesystem/Remove"
}

extension E2BClient {
    /// Makes a unary call. Protocol.md, 4.1.
    ///
    /// - Parameter read: reads the message of the answer. It returns nil if the message lacks what it should have.
    func rpc<Value>(
        _ step: E2BError.Step, _ method: RPCMethod, _ message: JSONWriter, user: String? = nil, in sandbox: Sandbox,
        timeout: Duration? = nil, _ read: (JSONValue) throws(MalformedJSON) -> Value?
    ) async throws(E2BError) -> Value {
        var request = try rpcRequest(step, method, user: user, in: sandbox)
        request.timeout = min(request.timeout, timeout ?? request.timeout)
        request.body = .bytes(message.finish())
        request.headers += [
            ("Content-Type", "application/json"), ("Connect-Timeout-Ms", WireFormat.milliseconds(request.timeout)),
        ]
        return try await observed(step) { [request] () throws(E2BError) in
            try await explaining(sandbox) { () throws(E2BError) in
                let response = try await response(step, to: request)
                guard response.head.status == 200 else {
                    throw E2BError(rpc: step, response.head, body: response.body, without: secrets(of: sandbox))
                }
                return try self.read(step, response.body, read)
            }
        }
    }

    /// Makes the part of a request that unary calls and streams have in common.
    func rpcRequest(
        _ step: E2BError.Step, _ method: RPCMethod, user: String?, in sandbox: Sandbox
    ) throws(E2BError) -> FetchRequest {
        var request = try request(step, "POST", method.rawValue, of: .envd, in: sandbox)
        request.headers.append(("Connect-Protocol-Version", "1"))
        if let user = sandbox.user(user) {
            // This names the account. It is not a credential, because there is no password. Protocol.md, 1.5.
            request.headers.append(("Authorization", "Basic \(Base64.encode(Array("\(user):".utf8)))"))
        }
        return request
    }
}
