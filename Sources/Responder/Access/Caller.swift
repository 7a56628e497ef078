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
    // No web server sends such names: they are not those of headers, and no name of CGI's has a control character.
    private static let userParam = "\u{1f}user"
    private static let tenantParam = "\u{1f}tenant"

    /// On whose behalf the caller asks, by a token that has been verified.
    var subject: TokenSubject? {
        get { params[Self.userParam].map { TokenSubject(tenant: params[Self.tenantParam], user: $0) } }
        set {
            params[Self.userParam] = newValue?.user
            params[Self.tenantParam] = newValue?.tenant
        }
    }
}
