import FastCGI

/// Determines the caller of a request, or refuses the request.
struct Authenticator: Sendable {
    enum Verdict: Equatable {
        /// The caller's name: that of the key, or `local` for a program on this machine if no keys are configured.
        case admitted(name: String)
        case refused(Refusal)
    }

    let keys: [AccessKey]
    var origins = Origins()
    /// Checks the tokens of LibreChat; nil if none are taken.
    var tokens: TokenVerifier?

    func verdict(on request: FastCGIRequest) -> Verdict {
        do throws(Refusal) {
            return .admitted(name: try caller(of: request))
        } catch {
            return .refused(error)
        }
    }

    /// Determines the caller's name.
    ///
    /// - Throws: ``Refusal`` if the caller must not use the service.
    func caller(of request: FastCGIRequest) throws(Refusal) -> String { try identify(request).name }

    /// Determines the caller.
    ///
    /// - Parameters:
    ///   - pathSecret: the key in the path.
    ///   - takesTokens: whether tokens count. Where they do, whoever has no key needs one.
    /// - Throws: ``Refusal`` if the caller must not use the service.
    func identify(
        _ request: FastCGIRequest, pathSecret: String? = nil, takesTokens: Bool = false
    ) throws(Refusal) -> Caller {
        // The origin is checked even if keys are configured: a browser adds the password that it has stored to any
        // request that a page sends.
        if case .foreign = origins.standing(of: request) {
            throw Refusal(
                status: 403,
                "The request was sent by a web page of another origin, which is not one that E2B_FCGI_ORIGINS allows.")
        }
        let secrets = Credentials(request, pathSecret: pathSecret).secrets
        let tokens = takesTokens ? tokens : nil
        let subject = try tokens.flatMap { tokens throws(Refusal) in try self.subject(secrets, tokens) }
        guard let subject else {
            if !keys.isEmpty || tokens != nil { return Caller(name: try keyHolder(secrets)) }
            try LocalCaller.check(request)
            return Caller(name: "local")
        }
        // The token says who asks. A key beside it says for whom the one works who issued the token.
        return Caller(name: (try? keyHolder(secrets)) ?? Caller.tokenName, subject: subject)
    }

    /// Determines the name of somebody who asks how the service is: a key, or `local` for a program on this machine.
    ///
    /// - Throws: ``Refusal`` if the caller must not know.
    func identifyOperator(_ request: FastCGIRequest, pathSecret: String?) throws(Refusal) -> String {
        do throws(Refusal) {
            return try identify(request, pathSecret: pathSecret).name
        } catch {
            // A key that is wrong is refused even here, and so is a page of another origin.
            guard !keys.isEmpty, error.status == 401, Credentials(request, pathSecret: pathSecret).secrets.isEmpty,
                (try? LocalCaller.check(request)) != nil
            else { throw error }
            return "local"
        }
    }

    /// Verifies the tokens among the secrets. One that is not right is refused whatever else there is, since it names a user for
    /// whom the answer would not be.
    ///
    /// - Returns: nil if there is no token.
    private func subject(_ secrets: [String], _ tokens: TokenVerifier) throws(Refusal) -> TokenSubject? {
        var subject: TokenSubject?
        for secret in secrets where TokenVerifier.isToken(secret) {
            do throws(TokenVerifier.Refusal) {
                let named = try tokens.subject(of: secret)
                subject = subject ?? named
            } catch {
                throw Refusal(status: 401, "The token is not taken: \(error).")
            }
        }
        return subject
    }

    private func keyHolder(_ secrets: [String]) throws(Refusal) -> String {
        let digests = secrets.map(AccessKey.digest)
        guard !digests.isEmpty else {
            throw Refusal(
                status: 401,
                "This service needs a key: Authorization: Bearer, X-API-Key, or Basic with the key as password.")
        }
        // Every digest is compared with every key, so that the time does not tell which key was nearly right.
        let matching = digests.flatMap { digest in keys.filter { $0.matches(digest: digest) } }
        guard let key = matching.first else { throw Refusal(status: 401, "The key is not one of this service's.") }
        return key.name
    }
}
