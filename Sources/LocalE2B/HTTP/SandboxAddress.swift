/// The sandbox that a request is for, and the port in it. Protocol.md, 1.4.
struct SandboxAddress: Equatable, Sendable {
    let port: Int
    let sandbox: String

    /// Reads the address; nil if neither the host nor headers name a sandbox. The host has precedence.
    init?(host: String?, id: String?, port: String?) throws(HTTPError) {
        if let host, let address = try Self(host: host) {
            self = address
            return
        }
        guard id != nil || port != nil else { return nil }
        guard let id, let port else { throw .plain(400, "missing header") }
        guard let number = UInt16(port), number > 0 else { throw .plain(400, "Invalid sandbox port") }
        guard Self.isID(id) else { throw .plain(400, "Invalid sandbox ID") }
        self.init(port: Int(number), sandbox: id)
    }

    /// Makes an address of a port and an identifier that were validated before.
    init(port: Int, sandbox: String) {
        self.port = port
        self.sandbox = sandbox
    }

    /// Reads `<port>-<id>.domain`; nil for this machine's own names. Any other name is refused: a web page under a name
    /// that was made to point at 127.0.0.1 could otherwise use this server from a user's browser.
    private init?(host: String) throws(HTTPError) {
        let host = host.lowercased()
        let name = host.hasPrefix("[") ? String(host.prefix { $0 != "]" }) + "]" : String(host.prefix { $0 != ":" })
        if name == "localhost" || name == "sandbox.localhost" || name == "[::1]" || Self.isAddress(name) { return nil }
        let label = name.prefix { $0 != "." }.split(separator: "-", omittingEmptySubsequences: false)
        guard label.count >= 2, let port = UInt16(label[0]), port > 0, Self.isID(String(label[1])) else {
            throw .plain(400, "Invalid host")
        }
        self.init(port: Int(port), sandbox: String(label[1]))
    }

    private static func isAddress(_ name: String) -> Bool {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts.allSatisfy { UInt8($0) != nil }
    }

    static func isID(_ id: String) -> Bool {
        let plain = Sandboxes.plain(id)
        return (1...64).contains(plain.utf8.count)
            && plain.utf8.allSatisfy {
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
            }
    }
}
