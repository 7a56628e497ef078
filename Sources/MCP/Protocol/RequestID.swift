import JSON

/// The id of a request, which its answer echoes with its type.
package enum RequestID: Equatable, Sendable {
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

    /// As JSON has it, but for escapes: with its type. nil for one so long that nothing is found by it.
    package var typed: String? {
        switch self {
        case .number(let number): String(number)
        case .text(let text): text.utf8.count <= 1024 ? "\"\(text)\"" : nil
        }
    }

    var node: JSONNode {
        switch self {
        case .number(let number): .number(number)
        case .text(let text): .text(text)
        }
    }
}
