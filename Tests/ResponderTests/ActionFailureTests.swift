import Interpreter
import E2B
import Foundation
import LibreChat
import Testing

@testable import Responder

/// From E2B's error to the answer: 200 for whatever the model can be told, the status for where waiting helps.
struct ActionFailureTests {
    struct Row: CustomTestStringConvertible, Sendable {
        let error: E2BError
        var status = 200
        var retryAfter: Duration?
        var testDescription: String { "\(error)" }
    }

    static let rows =
        E2BError.Step.allCases.flatMap { step in
            [
                Row(error: .outOfDescriptors(step), status: 503, retryAfter: .seconds(5)),
                Row(error: .unreachable(step, why: "nobody")), Row(error: .tls(step, why: "no certificate")),
                Row(error: .unauthorized(step, message: "no")), Row(error: .notFound(step, message: "what")),
                Row(error: .refused(step, status: 500, message: "oops")),
                Row(error: .refused(step, status: 429, message: "oops")), Row(error: .timedOut(step)),
                Row(error: .broken(step, why: "cut")), Row(error: .tooLarge(step, limit: 7)),
                Row(error: .rateLimited(step, message: "slow", retryAfter: nil), status: 429, retryAfter: .seconds(10)),
                Row(
                    error: .rateLimited(step, message: "slow", retryAfter: .seconds(7)), status: 429,
                    retryAfter: .seconds(7)),
                Row(error: .noCapacity(step, message: "full", retryAfter: nil), status: 503, retryAfter: .seconds(10)),
                Row(
                    error: .noCapacity(step, message: "full", retryAfter: .seconds(3)), status: 503,
                    retryAfter: .seconds(3)),
            ]
        } + [
            Row(error: .sandboxGone(message: "gone")), Row(error: .executionTimedOut),
            Row(error: .notStarted(within: .seconds(30))), Row(error: .invalidConfiguration("URL")),
            Row(error: .shutDown, status: 503, retryAfter: .seconds(5)), Row(error: .cancelled, status: 499),
        ]

    @Test(arguments: rows) func `an error of E2B has its status`(row: Row) throws {
        let failure = ActionFailure(row.error, sessionID: "s1")
        #expect(failure.status == row.status)
        #expect(failure.retryAfter == row.retryAfter)
        let answer = Answer(failure, SecretRedactor.none)
        #expect(answer.status == row.status)
        #expect(answer.retryAfter == row.retryAfter)
        let object = try #require(JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: Any])
        #expect(Set(object.keys) == ["sessionId", "success", "error", "helpHint"])
        #expect(object["sessionId"] as? String == "s1")
        #expect(object["success"] as? Bool == false)
        let sentence = try #require(object["error"] as? String)
        #expect(sentence.hasSuffix("."))
    }

    @Test func `hidden values in E2B's words are masked`() throws {
        let failure = ActionFailure(
            .refused(.create, status: 400, message: "bad s3cret-value"), sessionID: "s3cret-value")
        let body = String(decoding: Answer(failure, SecretRedactor(["TOKEN": "s3cret-value"])).body, as: UTF8.self)
        #expect(!body.contains("s3cret"))
        #expect(body.contains("bad [hidden:TOKEN]"))
    }

    @Test func `a refusal of ours keeps its status`() {
        let failure = ActionFailure(Refusal(status: 429, "Full.", retryAfter: .seconds(5)))
        #expect(failure.status == 429)
        #expect(failure.retryAfter == .seconds(5))
        #expect(ActionFailure("No.").status == 200)
    }
}
