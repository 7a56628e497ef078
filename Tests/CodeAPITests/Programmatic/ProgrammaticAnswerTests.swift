import Interpreter
import Store
import TestSupport
import Testing

@testable import CodeAPI

struct ProgrammaticAnswerTests {
    @Test func `calls have their input, without secrets`() throws {
        let report = #"[{"key":"k","name":"a","input":{"x":["s3cret-value",1.5,{"s3cret-value":null}],"y":true}}]"#
        let calls = try #require(RunnerCall.list(Array(report.utf8)))
        let session = StoreSessionID.random()
        let answer = try JSONTree(
            parsing: ProgrammaticAnswer.waiting(
                for: [("call_001", calls[0])], in: session, token: "t",
                without: SecretRedactor(["TOKEN": "s3cret-value"])))
        #expect(answer["status"] == "tool_call_required" && answer["continuation_token"] == "t")
        #expect(answer["session_id"].string == session.text)
        let call = answer["tool_calls"][0]
        #expect(call["id"] == "call_001" && call["name"] == "a" && call["input"]["y"] == true)
        #expect(call["input"]["x"][1] == 1.5 && !"\(answer)".contains("s3cret"))
    }

    @Test func `a program that never ends is an error that callers know`() throws {
        let answer = try JSONTree(parsing: ProgrammaticAnswer.endless(in: .random()))
        #expect(answer["status"] == "error" && answer["error"] == "Execution failed or timed out")
        #expect(answer["stderr"].string?.contains("20 times") == true && answer["files"] == [])
    }
}
