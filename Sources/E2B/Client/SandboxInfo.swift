public import FoundationEssentials
internal import JSON

public enum SandboxState: Equatable, Hashable, Sendable {
    case running, paused
    /// A state that only a later protocol knows.
    case other(String)

    /// The state as the protocol writes it.
    public var name: String {
        switch self {
        case .running: "running"
        case .paused: "paused"
        case .other(let name): name
        }
    }

    init(name: String) {
        switch name {
        case "running": self = .running
        case "paused": self = .paused
        default: self = .other(name)
        }
    }
}

/// What E2B knows about a sandbox.
public struct SandboxInfo: Equatable, Sendable {
    public var id: String
    public var templateID: String
    /// The template's name.
    public var alias: String?
    public var metadata: [String: String]
    public var state: SandboxState
    public var startedAt: Date
    /// When E2B will end the sandbox, unless its timeout is set anew.
    public var endsAt: Date

    public init(
        id: String, templateID: String, alias: String? = nil, metadata: [String: String] = [:],
        state: SandboxState = .running, startedAt: Date, endsAt: Date
    ) {
        self.id = id
        self.templateID = templateID
        self.alias = alias
        self.metadata = metadata
        self.state = state
        self.startedAt = startedAt
        self.endsAt = endsAt
    }
}

extension SandboxInfo {
    /// - Returns: nil if the id or one of the times is missing or malformed.
    init?(json: JSONValue) throws(MalformedJSON) {
        var id: String?
        var templateID = ""
        var alias: String?
        var metadata: [String: String] = [:]
        var state = SandboxState.running
        var start: Timestamp?
        var end: Timestamp?
        var nested: JSONValue?
        try json.members { key, value in
            switch key {
            case "sandboxID": id = value.string
            case "templateID": templateID = value.string ?? ""
            case "alias": alias = value.string
            case "metadata": nested = value
            case "state": state = SandboxState(name: value.string ?? "")
            case "startedAt": start = value.string.flatMap { Timestamp(rfc3339: $0) }
            case "endAt": end = value.string.flatMap { Timestamp(rfc3339: $0) }
            default: break
            }
        }
        try nested?.members { key, value in metadata[key.string ?? ""] = value.string }
        guard let id, WireFormat.isSandboxID(id), let start, let end else { return nil }
        self.init(
            id: id, templateID: templateID, alias: alias, metadata: metadata, state: state, startedAt: Date(start),
            endsAt: Date(end))
    }
}

extension Date {
    init(_ timestamp: Timestamp) {
        self.init(timeIntervalSince1970: Double(timestamp.seconds) + Double(timestamp.nanoseconds) / 1e9)
    }
}
