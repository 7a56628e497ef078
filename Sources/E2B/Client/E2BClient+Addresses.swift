public import FoundationEssentials

extension E2BClient {
    /// A URL that gives the file to whoever has it, without a token, until `expiresAt`. Makes no request.
    /// Protocol.md, 3.4.
    ///
    /// - Parameters:
    ///   - path: absolute, with `~`, or relative to the user's home.
    ///   - expiresAt: whole seconds count; nil: as long as the sandbox lives.
    /// - Throws: ``E2BError``: `.refused` for what is not a sandbox's description.
    public func downloadURL(
        of path: String, user: String? = nil, expiresAt: Date? = nil, in sandbox: Sandbox
    ) throws(E2BError) -> String {
        try fileURL(.read, path, user, expiresAt, sandbox)
    }

    /// A URL that a `POST` with a file, as a form or as `application/octet-stream`, writes it with. See
    /// ``downloadURL(of:user:expiresAt:in:)``.
    public func uploadURL(
        to path: String, user: String? = nil, expiresAt: Date? = nil, in sandbox: Sandbox
    ) throws(E2BError) -> String {
        try fileURL(.write, path, user, expiresAt, sandbox)
    }

    /// Where a port of the sandbox is reached, for a browser for example. Whether something listens there is the
    /// sandbox's business, and whether it needs the traffic token. Protocol.md, 1.1.
    public func address(ofPort port: Int, in sandbox: Sandbox) -> SandboxAddress {
        endpoints.address(ofPort: port, in: sandbox)
    }

    private func fileURL(
        _ operation: FileSignature.Operation, _ path: String, _ user: String?, _ expiresAt: Date?, _ sandbox: Sandbox
    ) throws(E2BError) -> String {
        guard sandbox.isSendable else {
            throw .refused(.fileURL, status: 400, message: "this is not a sandbox's description")
        }
        var query = FileQuery(path: path, user: sandbox.user(user))
        // A sandbox without a token serves everybody.
        if let token = sandbox.envdAccessToken {
            if let expiresAt {
                guard let seconds = Int(exactly: expiresAt.timeIntervalSince1970.rounded(.down)) else {
                    throw .refused(.fileURL, status: 400, message: "this is not a time at which a URL can expire")
                }
                query.expiration = seconds
            }
            query.signature = FileSignature.make(
                operation, path: path, user: query.user, token: token, expiration: query.expiration)
        }
        return endpoints.publicBase(ofPort: SandboxService.envd.port, in: sandbox) + query.target
    }
}
