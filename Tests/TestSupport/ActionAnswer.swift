import Foundation

/// The answer of one action: an HTTP answer whose body is a JSON object.
package struct ActionAnswer: Sendable, CustomStringConvertible {
    package let status: Int
    package let headers: [String: String]
    package let json: JSONTree
    /// The body as it came.
    package let text: String

    package init(_ reply: HTTPReply) throws {
        json = try JSONTree(parsing: reply.body)
        guard json.members != nil else { throw HarnessError.unreadable("an answer that is no object: \(reply.text)") }
        status = reply.status
        headers = reply.headers
        text = reply.text
    }

    package subscript(name: String) -> JSONTree { json[name] }
    package var isSuccess: Bool { json["success"] == true }
    package var error: String { json["error"].string ?? "" }
    package var output: String { json["output"].string ?? "" }
    package var stdout: String { json["logs"]["stdout"].string ?? "" }
    package var description: String { "\(status) \(text)" }

    /// The object with every time in its place as `TIME`, and each of `values` as its name.
    package func named(_ values: [String: String] = [:]) -> JSONTree {
        // One may be part of another.
        let longestFirst = values.sorted { $0.value.count > $1.value.count }
        return json.replacingTexts { text in
            let text = longestFirst.reduce(text) { $0.replacing($1.value, with: $1.key) }
            return text.replacing(#/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/#, with: "TIME")
        }
    }
}

extension JSONTree {
    /// How an action says that it failed.
    package static func failure(_ sentence: String, session: String = "") -> JSONTree {
        [
            "sessionId": .text(session), "success": false, "error": .text(sentence),
            "helpHint": "You can use the 'help' action to learn how to properly use a specific action.",
        ]
    }
}
