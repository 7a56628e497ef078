import FastCGI

/// Who asks.
struct Caller: Equatable, Sendable {
    /// The name of the key; `local` for a program on this machine if no keys are configured, ``tokenName`` if there is only a
    /// token.
    let name: String
    /// On whose behalf, by a token.
    var subject: TokenSubject?

    static let tokenName = "jwt"
}

extension FastCGIRequest {
    /// On whose behalf the caller asks, by a token that has been verified.
    var subject: TokenSubject? {
        get { finding as? TokenSubject }
        set { finding = newValue }
    }
}
