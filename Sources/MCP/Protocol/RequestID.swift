package import JSON

/// The id of a request. Its answer echoes it with its type, and a number as it was written.
///
/// MCP's ids are integers or strings. JSON has no type of integers, so an id is one by its value: 1e3 and 1.0 are taken,
/// as JSON Schema takes them, and 1.5 is not (JSON-RPC 2.0, section 4). A client that reads numbers as `Double` would not
/// find a long id again if it came back in another form.
package enum RequestID: Equatable, Sendable {
    case number(WholeNumber)
    case text(String)

    /// - Returns: nil for anything else, `null` included: MCP does not allow it.
    init?(_ json: JSONValue) {
        if let number = WholeNumber(json: json) {
            self = .number(number)
        } else if let text = json.exactString {
            self = .text(text)
        } else {
            return nil
        }
    }

    /// The id with its type, as JSON without escapes. The ids 1000 and 1e3 are one. nil for an id that is so long that no
    /// call is found by it.
    package var typed: String? {
        let typed =
            switch self {
            case .number(let number): number.canonical
            case .text(let text): "\"\(text)\""
            }
        return typed.utf8.count <= 1026 ? typed : nil
    }

    var node: JSONNode {
        switch self {
        case .number(let number): .numeral(number)
        case .text(let text): .text(text)
        }
    }
}
