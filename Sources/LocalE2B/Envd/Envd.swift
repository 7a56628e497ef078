internal import FlyingFox
internal import Foundation

/// Serves requests about the files and processes of a sandbox. Protocol.md, 3 and 4.
struct Envd {
    let sandbox: Sandbox
    let fault: FaultRule?

    func answer(_ request: HTTPRequest, _ path: [String]) async throws -> HTTPResponse {
        let route = path.joined(separator: "/")
        if route == "health", request.method == .GET { return .noContent }
        if route == "files" { return try await FileTransfer(sandbox: sandbox).answer(request) }
        guard sandbox.admits(token: request.headers[HTTPHeader("X-Access-Token")]) else {
            throw HTTPError.api(
                401, "unauthorized access, please provide a valid access token or method signing if supported")
        }
        switch (request.method, route) {
        case (.GET, "envs"): return try .json(sandbox.environment)
        case (.GET, "metrics"): return try .json(Metrics())
        case (_, "init"), (_, "freeze"), (_, "unfreeze"), (_, "collapse"), (_, "fsfreeze"), (_, "fsthaw"):
            throw Self.controlPlaneOnly(route)
        default: break
        }
        guard path.count == 2, path[0] == "process.Process" || path[0] == "filesystem.Filesystem" else {
            throw HTTPError.api(404, "Not found")
        }
        guard request.method == .POST else { throw HTTPError.api(405, "Method not allowed") }
        let call = try await ConnectCall(request)
        if path[0] == "process.Process" {
            return try await ProcessService(agent: sandbox.agent, call: call, fault: fault).answer(path[1], request)
        }
        return try await FilesystemService(agent: sandbox.agent, watchers: sandbox.watchers, call: call).answer(path[1])
    }

    private static func controlPlaneOnly(_ path: String) -> HTTPError {
        struct Body: Encodable {
            let message = "This endpoint is not reachable from outside"
            let path: String
            let code = 404
        }
        return HTTPError(encoding: Body(path: "/\(path)"), status: 404)
    }
}

/// The response to `GET /metrics`. Values that an unprivileged process cannot know are zero.
private struct Metrics: Encodable {
    let ts = Int(Date.now.timeIntervalSince1970)
    let cpu_count = Sandbox.cpuCount
    let cpu_used_pct = 0.0
    let mem_total = Int(ProcessInfo.processInfo.physicalMemory)
    let mem_used = 0
    let mem_cache = 0
    let mem_total_mib = Int(ProcessInfo.processInfo.physicalMemory >> 20)
    let mem_used_mib = 0
    let disk_used = 0
    let disk_total = Bubblewrap.Limit.home
}
