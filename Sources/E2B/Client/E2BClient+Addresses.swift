public import FoundationEssentials

extension E2BClient {
    /// Returns a URL from which whoever has it can read the file, without a token, until `expiresAt`. It makes no request.
    /// Protocol.md, 3.4.
    ///
    /// - Parameters:
    ///   - path: absolute, with `~`, or relative to the user's home.
    ///   - expiresAt: fractions of a second are dropped. With nil the URL is valid for as long as the sandbox lives.
    /// - Throws: ``E2BError``: `.refused` if `sandbox` has values that cannot go into a URL.
    public func downloadURL(
        of path: String, user: String? = nil, expiresAt: Date? = nil, in sandbox: Sandbox
    ) throws(E2BError) -> String {
        try fileURL(.read, path, user, expiresAt, sandbox)
    }

    /// Returns a URL to which whoever has it can `POST` the file, as a form or as `application/octet-stream`. See
    /// ``downloadURL(of:user:expiresAt:in:)``.
    public func uploadURL(
        to path: String, user: String? = nil, expiresAt: Date? = nil, in sandbox: Sandbox
    ) throws(E2BError) -> String {
        try fileURL(.write, path, user, expiresAt, sandbox)
    }

    /// Returns where a port of the sandbox can be reached, for example by a browser. It does not check whether anything listens
    /// there, or whether the sandbox demands the traffic token. Protocol.md, 1.1.
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
        // A sandbox without a token serves everybody, so its URLs are not signed.
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
