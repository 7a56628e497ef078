import JSON

/// The id of a request, which its answer echoes with its type.
enum RequestID: Equatable, Sendable {
    case number(Int)
    case text(String)

    /// - Returns: nil for anything else, `null` included: MCP does not allow it.
    init?(_ json: JSONValue) {
        if let number = json.integer {
            self = .number(number)
        } else if let text = json.exactString {
            self = .text(text)
        } else {
            return nil
        }
    }

    var node: JSONNode {
        switch self {
        case .number(let number): .number(number)
        case .text(let text): .text(text)
        }
    }
}
