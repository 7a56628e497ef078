internal import FlyingFox
internal import Foundation

/// What a request is for. One port serves the control API, envd and the code interpreter of all sandboxes, so the
/// routing headers, the host name and the path decide. Protocol document, 1.4 and 8.
struct Target: Equatable {
    enum Service: Equatable {
        case local
        case control
        case interpreter(sandbox: String)
        /// Without a sandbox: a signed URL.
        case envd(sandbox: String?)
        case port(Int, sandbox: String)
    }

    static let envdPort = 49983
    static let interpreterPort = 49999

    let service: Service
    let path: [String]
    let step: FaultStep?

    init(_ request: HTTPRequest) throws(Refusal) {
        let path = request.target.path().split(separator: "/").map { String($0).removingPercentEncoding ?? String($0) }
        self.path = path
        service = try Self.service(request, path)
        step = Self.step(service, request.method, path)
    }

    private static func service(_ request: HTTPRequest, _ path: [String]) throws(Refusal) -> Service {
        let host = try host(request)
        if path.first == "local" { return .local }
        let address = if let host { Optional(host) } else { try headers(request) }
        if let (port, sandbox) = address {
            // With a debug-mode or shared address the path says more than the port.
            if isInterpreter(path) { return .interpreter(sandbox: sandbox) }
            switch port {
            case envdPort: return .envd(sandbox: sandbox)
            case interpreterPort: return .interpreter(sandbox: sandbox)
            default: return .port(port, sandbox: sandbox)
            }
        }
        if isInterpreter(path) { throw .plain(400, "missing header") }
        let isEnvd = path == ["files"] || path == ["envs"] || path == ["metrics"] || path.first?.contains(".") == true
        return isEnvd ? .envd(sandbox: nil) : .control
    }

    private static func isInterpreter(_ path: [String]) -> Bool {
        path == ["execute"] || path.first == "contexts"
    }

    private static func headers(_ request: HTTPRequest) throws(Refusal) -> (port: Int, sandbox: String)? {
        let id = request.headers[HTTPHeader("E2b-Sandbox-Id")]
        let port = request.headers[HTTPHeader("E2b-Sandbox-Port")]
        guard id != nil || port != nil else { return nil }
        guard let id, let port else { throw .plain(400, "missing header") }
        guard let number = UInt16(port), number > 0 else { throw .plain(400, "Invalid sandbox port") }
        guard isID(id) else { throw .plain(400, "Invalid sandbox ID") }
        return (Int(number), id)
    }

    /// `<port>-<id>.domain`, or nil for this machine's own names. Any other name is refused: a web page whose name
    /// was made to point at 127.0.0.1 could otherwise use this server from somebody's browser.
    private static func host(_ request: HTTPRequest) throws(Refusal) -> (port: Int, sandbox: String)? {
        guard let host = request.headers[.host]?.lowercased() else { return nil }
        let name = host.hasPrefix("[") ? String(host.prefix { $0 != "]" }) + "]" : String(host.prefix { $0 != ":" })
        if name == "localhost" || name == "[::1]" || name.hasPrefix("sandbox.") || isAddress(name) { return nil }
        let label = name.prefix { $0 != "." }.split(separator: "-", omittingEmptySubsequences: false)
        guard label.count >= 2, let port = UInt16(label[0]), isID(String(label[1])) else {
            throw .plain(400, "Invalid host")
        }
        return (Int(port), String(label[1]))
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

    private static func step(_ service: Service, _ method: HTTPMethod, _ path: [String]) -> FaultStep? {
        switch service {
        case .interpreter: return path == ["execute"] ? .execute : nil
        case .envd: return .envd
        case .local, .port: return nil
        case .control: break
        }
        let route = path.first == "v2" ? path.dropFirst() : path[...]
        guard route.first == "sandboxes" else { return nil }
        switch (method, route.count, route.last) {
        case (.POST, 1, _): return .create
        case (.GET, 1, _): return .list
        case (.GET, 2, _): return .info
        case (.DELETE, 2, _): return .kill
        case (.POST, 3, "timeout"), (.POST, 3, "refreshes"): return .timeout
        case (.POST, 3, "connect"): return .connect
        default: return nil
        }
    }
}
