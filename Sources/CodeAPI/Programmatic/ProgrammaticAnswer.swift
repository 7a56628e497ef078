package import Interpreter
internal import JSON
package import Store

/// What is particular to the answers of `POST /v1/exec/programmatic`.
package enum ProgrammaticAnswer {
    /// The answer of a program that waits for results.
    ///
    /// - Parameters:
    ///   - calls: with the ids that the record has given them.
    ///   - token: what the caller brings the results with.
    package static func waiting(
        for calls: [(id: String, call: RunnerCall)], in session: StoreSessionID, token: String,
        without secrets: SecretRedactor
    ) -> [UInt8] {
        var json = JSONWriter(capacity: 1024)
        json.member("status", "tool_call_required")
        json.member("session_id", session.text)
        json.member("continuation_token", token)
        json.array("tool_calls") { json in
            for (id, call) in calls {
                json.object { json in
                    json.member("id", id)
                    json.member("name", call.name)
                    json.member("input", call.input) { secrets.redacted($0) }
                }
            }
        }
        return json.finish()
    }

    /// The answer of a program that has asked for results too often.
    package static func endless(in session: StoreSessionID) -> [UInt8] {
        var json = JSONWriter()
        json.member("status", "error")
        json.member("session_id", session.text)
        json.member("error", "Execution failed or timed out")
        json.member("stdout", "")
        json.member(
            "stderr",
            "The program was stopped: it waited for tools more than \(ProgramRecord.roundLimit) times. Call them at the same time "
                + "(asyncio.gather, or & and wait in bash).")
        json.array("files") { _ in }
        return json.finish()
    }

    /// What went wrong with a program that has ended, in words that LibreChat knows; nil if it went well.
    static func error(of result: RunInWorkspaceResult) -> String? {
        switch result.limit {
        case .time: return "Time limit exceeded"
        case .output: return "stdout length exceeded"
        case nil: break
        }
        switch (result.exitCode, result.signal) {
        case (0, _): return nil
        case (137, _), (_, "SIGKILL"): return "Out of memory"
        case (let code?, _): return "Sandbox exited with code \(code)"
        case (nil, _): return "Execution failed or timed out"
        }
    }
}
