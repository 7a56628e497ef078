package import Interpreter
package import JSON

/// The reply of `POST /e2bcode`: one JSON object in the form of LibreChat's E2BCode plugin.
package struct ActionReply: Equatable, Sendable {
    package var sessionID: String
    package var isSuccess: Bool
    /// The further members, in the order in which they are written.
    package var members: [JSONNode.Member]

    package init(sessionID: String, isSuccess: Bool = true, _ members: [(String, JSONNode)] = []) {
        self.sessionID = sessionID
        self.isSuccess = isSuccess
        self.members = members.map { JSONNode.Member($0, $1) }
    }

    /// Makes the reply of a failed action.
    ///
    /// - Parameter sentence: the error, and what the model can do about it.
    package static func failure(
        sessionID: String, _ sentence: String, _ members: [(String, JSONNode)] = []
    ) -> ActionReply {
        ActionReply(
            sessionID: sessionID, isSuccess: false,
            [("error", .text(sentence))] + members + [
                ("helpHint", "You can use the 'help' action to learn how to properly use a specific action.")
            ])
    }

    /// Adds sentences that the caller has to be told besides the result, before those that are there.
    package mutating func tell(_ notes: [String]) {
        guard !notes.isEmpty else { return }
        var all = notes.map { JSONNode.text($0) }
        if let index = members.firstIndex(where: { $0.name == "notes" }) {
            if case .list(let others) = members[index].value { all += others }
            members[index] = JSONNode.Member("notes", .list(all))
        } else {
            members.append(JSONNode.Member("notes", .list(all)))
        }
    }

    /// The reply as JSON in UTF-8, with secrets redacted.
    package func encoded(without secrets: SecretRedactor) -> [UInt8] {
        let frame = [
            JSONNode.Member("sessionId", .text(sessionID)), JSONNode.Member("success", .flag(isSuccess)),
        ]
        return JSONWriter.value { json in json.node(.object(frame + members)) { secrets.redacted($0) } }
    }
}
