import CodeAPI
import Testing

struct ExecutionProfileTests {
    @Test func `each profile is met, and no expectation is the default's`() throws {
        #expect(try ExecutionProfile(expectation: nil) == .standard)
        #expect(try ExecutionProfile(expectation: "") == .standard)
        #expect(try ExecutionProfile(expectation: "default") == .standard)
        #expect(try ExecutionProfile(expectation: "stateful") == .stateful)
    }

    @Test(arguments: ["default, default", "default,stateful", "a b", "x\u{e9}", String(repeating: "a", count: 41)])
    func `a header that is there twice, or is no word, is refused`(header: String) throws {
        let failure = try #require(throws: CodeAPIFailure.self) { try ExecutionProfile(expectation: header) }
        #expect(failure.status == 400)
        #expect(failure.code == "invalid_execution_profile")
    }

    @Test func `another profile is a mismatch, with both in the answer`() throws {
        let failure = try #require(throws: CodeAPIFailure.self) { try ExecutionProfile(expectation: "gpu") }
        #expect(failure.status == 409)
        let body = String(decoding: failure.encoded(), as: UTF8.self)
        #expect(body.hasPrefix(#"{"error":"execution_profile_mismatch","message":""#))
        #expect(body.hasSuffix(#""expected_profile":"gpu","actual_profile":"default"}"#))
    }

    @Test func `an error says when to come back`() {
        let failure = CodeAPIFailure(status: 429, "Busy.", retryAfter: .milliseconds(1200))
        #expect(
            String(decoding: failure.encoded(), as: UTF8.self)
                == #"{"error":"rate_limited","message":"Busy.","retry_after_seconds":2}"#)
    }
}
