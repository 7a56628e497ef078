import CodeAPI
import FastCGI
import Store

/// On whose behalf `/v1` is asked.
struct CodeAPICaller: Equatable, Sendable {
    /// Who shares the files of agents and skills: the key, and the tenant of a token.
    let tenant: String
    /// Of whom the other files are; nil if the request names nobody. Then the key's holder sees the files of all.
    private(set) var user: String?
    /// Whether users are named by the request, and not by a token.
    private let isTrusted: Bool

    /// - Parameters:
    ///   - caller: the name of the key.
    ///   - trusted: names of the keys that may name users.
    init(of request: FastCGIRequest, _ caller: String, _ trusted: Set<String>, _ headers: Identity.Headers) {
        if let subject = request.subject {
            // No key's name begins so: see ``Identity``.
            let issuer = caller == Caller.tokenName ? "\u{1f}\(caller)" : caller
            tenant = subject.tenant.map { "\(issuer)\u{1f}\u{1f}\($0)" } ?? issuer
            user = Identity.value(subject.user)
            isTrusted = false
        } else {
            tenant = caller
            isTrusted = trusted.contains(caller)
            // Uploads of LibreChat's name the user in a header of their own.
            user =
                isTrusted
                ? Identity.value(request.header(headers.user)) ?? Identity.value(request.header("User-Id")) : nil
        }
    }

    /// The same caller with the user whom the body or the query of the request names, if no header and no token has named one.
    func named(_ name: String?) -> CodeAPICaller {
        guard isTrusted, user == nil, let name else { return self }
        var caller = self
        caller.user = Identity.value(name)
        return caller
    }

    /// Whose turn and whose sandboxes they are, as for ``Identity/owner``.
    var owner: String { user.map { "\(tenant)\u{1f}\($0)" } ?? tenant }

    /// Whose folder in the store it is.
    var storeOwner: StoreOwner { StoreOwner(hashing: tenant) }
}
