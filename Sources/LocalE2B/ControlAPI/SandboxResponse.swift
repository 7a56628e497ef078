internal import Foundation

/// The response to create and connect. Absent values are written as null, as E2B does.
struct SandboxResponse: Encodable {
    let sandbox: Sandbox
    let domain: String

    init(_ sandbox: Sandbox, domain: String) {
        self.sandbox = sandbox
        self.domain = domain
    }

    private enum Key: CodingKey {
        case templateID, sandboxID, clientID, alias, envdVersion, envdAccessToken, trafficAccessToken, domain
    }

    func encode(to encoder: any Encoder) throws {
        var answer = encoder.container(keyedBy: Key.self)
        try answer.encode(sandbox.template.id, forKey: .templateID)
        try answer.encode(sandbox.id, forKey: .sandboxID)
        try answer.encode(Sandbox.clientID, forKey: .clientID)
        try answer.encode(sandbox.template.rawValue, forKey: .alias)
        try answer.encode(Sandbox.envdVersion, forKey: .envdVersion)
        try answer.encode(sandbox.token, forKey: .envdAccessToken)
        try answer.encodeNil(forKey: .trafficAccessToken)
        try answer.encode(domain, forKey: .domain)
    }
}

/// One element of a list.
struct ListedSandbox: Encodable {
    let templateID: String
    let alias: String
    let sandboxID: String
    let clientID = Sandbox.clientID
    let startedAt: String
    let endAt: String
    let cpuCount = Sandbox.cpuCount
    let memoryMB = Bubblewrap.Limit.data >> 20
    let diskSizeMB = Bubblewrap.Limit.home >> 20
    let metadata: [String: String]
    let state: String
    let envdVersion = Sandbox.envdVersion

    init(_ sandbox: Sandbox) {
        templateID = sandbox.template.id
        alias = sandbox.template.rawValue
        sandboxID = sandbox.id
        startedAt = sandbox.startedAt.rfc3339
        endAt = sandbox.endAt.rfc3339
        metadata = sandbox.metadata
        state = sandbox.isPaused ? "paused" : "running"
    }
}

/// The response to get-info: the fields of a list's element, and more.
struct SandboxDetail: Encodable {
    private struct Lifecycle: Encodable {
        let autoResume = false
        let onTimeout: String
    }

    private enum Key: CodingKey { case envdAccessToken, domain, allowInternetAccess, lifecycle }

    let sandbox: Sandbox
    let domain: String
    let hasNetwork: Bool

    init(_ sandbox: Sandbox, domain: String, hasNetwork: Bool) {
        self.sandbox = sandbox
        self.domain = domain
        self.hasNetwork = hasNetwork
    }

    func encode(to encoder: any Encoder) throws {
        try ListedSandbox(sandbox).encode(to: encoder)
        var detail = encoder.container(keyedBy: Key.self)
        try detail.encode(sandbox.token, forKey: .envdAccessToken)
        try detail.encode(domain, forKey: .domain)
        try detail.encode(hasNetwork, forKey: .allowInternetAccess)
        try detail.encode(Lifecycle(onTimeout: sandbox.pausesAtEnd ? "pause" : "kill"), forKey: .lifecycle)
    }
}

extension Date {
    /// The date in RFC 3339 with microseconds, in UTC.
    var rfc3339: String {
        let whole = timeIntervalSince1970.rounded(.down)
        let micros = Int(((timeIntervalSince1970 - whole) * 1e6).rounded(.down))
        let seconds = Date(timeIntervalSince1970: whole).formatted(.iso8601)
        return seconds.dropLast() + "." + String(format: "%06d", micros) + "Z"
    }
}
