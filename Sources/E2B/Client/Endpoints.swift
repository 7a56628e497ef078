/// Decides to which URL a call goes. Configured URLs come first, then the rules for the domain. Protocol.md, 1.3.
struct Endpoints {
    /// The domains whose edge serves all sandboxes at one host, and learns from headers which one is meant. One host means one
    /// pool of connections, so that an execution needs no TLS handshake of its own.
    private static let sharedDomains: Set<String> = [
        "e2b.app", "e2b.dev", "e2b.pro", "e2b-staging.dev", "e2b-tango.dev", "e2b-juliett.dev", "foxtrot-2.e2b.dev",
    ]

    /// The base URL of the control API.
    let api: String
    private let sandboxBase: String?
    private let isDebug: Bool
    private let domain: String

    /// - Throws: `.invalidConfiguration`, which names the setting.
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
        isDebug = configuration.isDebug
        let ownAPI = isDebug ? "http://localhost:3000" : "https://api.\(configuration.domain)"
        api = try base(configuration.apiURL, "the API's URL") ?? ownAPI
        sandboxBase = try base(configuration.sandboxURL, "the sandboxes' URL")
    }

    /// Returns the base URL for our own calls, which carry the headers that a shared host needs.
    func base(ofPort port: Int, in sandbox: Sandbox) -> String {
        if let sandboxBase { return sandboxBase }
        if isAtSharedHost(sandbox) { return "https://sandbox.\(sandbox.domain ?? domain)" }
        return address(ofPort: port, in: sandbox).url
    }

    private func isAtSharedHost(_ sandbox: Sandbox) -> Bool {
        !isDebug && Self.sharedDomains.contains(sandbox.domain ?? domain)
    }

    /// Whether our calls to this sandbox go to a host that no other sandbox has.
    func hasHostOfItsOwn(_ sandbox: Sandbox) -> Bool {
        sandboxBase == nil && !isAtSharedHost(sandbox) && !isLocal(sandbox)
    }

    /// Returns the base URL for clients that do not send those headers, such as browsers.
    func publicBase(ofPort port: Int, in sandbox: Sandbox) -> String {
        // Without headers one URL can stand for one sandbox only. Whoever configures such a URL has to know that.
        if sandbox.domain == nil, let sandboxBase { return sandboxBase }
        return address(ofPort: port, in: sandbox).url
    }

    func address(ofPort port: Int, in sandbox: Sandbox) -> SandboxAddress {
        let host =
            isLocal(sandbox)
            ? "localhost:\(port)" : "\(port)-\(sandbox.id).\(sandbox.domain ?? domain)"
        let isLoopback = BaseURL("http://\(host)")?.isLoopback ?? false
        return SandboxAddress(host: host, url: "\(isLoopback ? "http" : "https")://\(host)")
    }

    /// Whether the services of the sandbox are ports of this machine.
    private func isLocal(_ sandbox: Sandbox) -> Bool { isDebug && sandbox.domain == nil }

    /// Whether the text is a host name, perhaps with a port.
    static func isDomain(_ text: String) -> Bool {
        text.first != "[" && BaseURL.host(of: text[...]) != nil && text.utf8.first != UInt8(ascii: ".")
    }
}
