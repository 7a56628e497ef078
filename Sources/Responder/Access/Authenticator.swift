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
    func caller(of request: FastCGIRequest) throws(Refusal) -> String {
        // The origin is checked even if keys are configured: a browser adds the password that it has stored to any
        // request that a page sends.
        if case .foreign = origins.standing(of: request) {
            throw Refusal(
                status: 403,
                "The request was sent by a web page of another origin, which is not one that E2B_FCGI_ORIGINS allows.")
        }
        guard keys.isEmpty else { return try keyHolder(request) }
        try LocalCaller.check(request)
        return "local"
    }

    private func keyHolder(_ request: FastCGIRequest) throws(Refusal) -> String {
        let digests = Credentials(request).secrets.map(AccessKey.digest)
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
