internal import FlyingFox
internal import Foundation

/// The service that a request is for. One port serves the control API, and envd and the code interpreter of all
/// sandboxes, so the routing headers, the host name and the path decide. Protocol.md, 1.4 and 8.
struct RequestRoute: Equatable {
    enum Service: Equatable {
        case local
        case control
        case interpreter(sandbox: String)
        /// envd; without a sandbox the request has a signed URL.
        case envd(sandbox: String?)
        case port(Int, sandbox: String)
    }

    static let envdPort = 49983
    static let interpreterPort = 49999

    let service: Service
    let path: [String]
    /// The steps of the fault grammar that the request belongs to.
    let steps: [FaultStep]

    init(_ request: HTTPRequest) throws(HTTPError) {
        let path = request.target.path().split(separator: "/").map { String($0).removingPercentEncoding ?? String($0) }
        self.path = path
        service = try Self.service(request, path)
        steps = Self.steps(service, request.method, path)
    }

    private static func service(_ request: HTTPRequest, _ path: [String]) throws(HTTPError) -> Service {
        // This refuses a foreign host whatever the path is, and for `/local` as well.
        let address = try SandboxAddress(
            host: request.headers[.host], id: request.headers[HTTPHeader("E2b-Sandbox-Id")],
            port: request.headers[HTTPHeader("E2b-Sandbox-Port")])
        if path.first == "local" { return .local }
        if let address {
            // The SDKs' debug mode and a shared address use one port for all, so the path goes before the port.
            if isInterpreter(path) { return .interpreter(sandbox: address.sandbox) }
            switch address.port {
            case envdPort: return .envd(sandbox: address.sandbox)
            case interpreterPort: return .interpreter(sandbox: address.sandbox)
            default: return .port(address.port, sandbox: address.sandbox)
            }
        }
        if isInterpreter(path) { throw .plain(400, "missing header") }
        let isEnvd = path == ["files"] || path == ["envs"] || path == ["metrics"] || path.first?.contains(".") == true
        return isEnvd ? .envd(sandbox: nil) : .control
    }

    private static func isInterpreter(_ path: [String]) -> Bool {
        path == ["execute"] || path.first == "contexts"
    }

    /// The sandbox and the port that the request is for, if it names them.
    var address: SandboxAddress? {
        switch service {
        case .local, .control, .envd(nil): nil
        case .interpreter(let id): SandboxAddress(port: Self.interpreterPort, sandbox: id)
        case .envd(let id?): SandboxAddress(port: Self.envdPort, sandbox: id)
        case .port(let port, let id): SandboxAddress(port: port, sandbox: id)
        }
    }

    private static func steps(_ service: Service, _ method: HTTPMethod, _ path: [String]) -> [FaultStep] {
        switch service {
        case .interpreter where path == ["execute"]: return [.execute]
        case .interpreter: return path.first == "contexts" ? [.contexts] : []
        case .envd where path == ["files"]: return [.envd, method == .GET ? .fileRead : .fileWrite]
        case .envd: return [.envd] + (FaultStep.rpcs[path.joined(separator: "/")].map { [$0] } ?? [])
        case .local, .port: return []
        case .control: return step(method, path).map { [$0] } ?? []
        }
    }

    private static func step(_ method: HTTPMethod, _ path: [String]) -> FaultStep? {
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
