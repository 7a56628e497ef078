package import Interpreter
package import JSON

/// The answer of `POST /e2bcode`: one JSON object, as the E2BCode plugin shaped it.
package struct ActionReply: Equatable, Sendable {
    package var sessionID: String
    package var isSuccess: Bool
    /// In the order in which they are written.
    package var members: [JSONNode.Member]

    package init(sessionID: String, isSuccess: Bool = true, _ members: [(String, JSONNode)] = []) {
        self.sessionID = sessionID
        self.isSuccess = isSuccess
        self.members = members.map { JSONNode.Member($0, $1) }
    }

    /// What did not work: one sentence that says what to do.
    package static func failure(
        sessionID: String, _ sentence: String, _ members: [(String, JSONNode)] = []
    ) -> ActionReply {
        ActionReply(
            sessionID: sessionID, isSuccess: false,
            [("error", .text(sentence))] + members + [
                ("helpHint", "You can use the 'help' action to learn how to properly use a specific action.")
            ])
    }

    /// JSON, in UTF-8, secrets redacted.
    package func encoded(without secrets: SecretRedactor) -> [UInt8] {
        let frame = [
            JSONNode.Member("sessionId", .text(sessionID)), JSONNode.Member("success", .flag(isSuccess)),
        ]
        return JSONWriter.value { json in json.node(.object(frame + members)) { secrets.redacted($0) } }
    }
}
