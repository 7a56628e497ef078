/// Which URL a call goes to. Explicit bases come first, then the rules for the domain.
struct Endpoints {
    /// The port that the code interpreter listens on in a sandbox.
    static let interpreterPort = 49999

    /// Domains whose edge serves all sandboxes at one host and is told by headers which one is meant. One host means
    /// one pool of connections: an execution does not pay for a TLS handshake of its own.
    private static let sharedDomains: Set<String> = [
        "e2b.app", "e2b.dev", "e2b.pro", "e2b-staging.dev", "e2b-tango.dev", "e2b-juliett.dev", "foxtrot-2.e2b.dev",
    ]

    /// The control API's base.
    let api: String
    private let sandboxBase: String?
    private let domain: String

    /// - Throws: `.invalidConfiguration`, naming what.
    init(_ configuration: E2BConfiguration) throws(E2BError) {
        func base(_ text: String?, _ name: String) throws(E2BError) -> String? {
            guard let text else { return nil }
            guard let base = BaseURL(text) else {
                throw .invalidConfiguration("\(name) must be an http or https URL without user, query and fragment")
            }
            return base.text
        }
        guard Self.isDomain(configuration.domain) else {
            throw .invalidConfiguration("the domain must be a host name such as e2b.app")
        }
        domain = configuration.domain
        api = try base(configuration.apiURL, "the API's URL") ?? "https://api.\(configuration.domain)"
        sandboxBase = try base(configuration.sandboxURL, "the sandboxes' URL")
    }

    /// - Parameter domain: the sandbox's own, if E2B gave it one.
    func interpreter(of sandboxID: String, domain: String?) -> String {
        if let sandboxBase { return sandboxBase }
        let domain = domain ?? self.domain
        if Self.sharedDomains.contains(domain) { return "https://sandbox.\(domain)" }
        return "https://\(Self.interpreterPort)-\(sandboxID).\(domain)"
    }

    /// A host name, perhaps with a port.
    static func isDomain(_ text: String) -> Bool {
        text.first != "[" && BaseURL.host(of: text[...]) != nil && text.utf8.first != UInt8(ascii: ".")
    }
}
