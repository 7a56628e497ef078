import FastCGI

/// Decides who a caller is.
struct Authenticator: Sendable {
    enum Verdict: Equatable {
        /// By the key's name; `local` is a caller on this machine where no keys are configured.
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

    /// - Throws: ``Refusal`` for whoever is not to be served.
    func caller(of request: FastCGIRequest) throws(Refusal) -> String {
        // With keys, too: a browser adds the password that it was once given to whatever a page has it send.
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
        // All with all, so that the time does not tell which one was close.
        let matching = digests.flatMap { digest in keys.filter { $0.matches(digest: digest) } }
        guard let key = matching.first else { throw Refusal(status: 401, "The key is not one of this service's.") }
        return key.name
    }
}
