import Foundation
import TestSupport
import Testing

@testable import LocalE2B

/// The programs behind the recordings of the real code interpreter, run here in the same order, answer the same.
@Suite(.timeLimit(.minutes(10)), .enabled(if: Machine.canRunSandboxes, .init(rawValue: Machine.needs)))
struct RecordingTests {
    @Test func `the answers are the recorded ones`() async throws {
        try await StubServer.withKernels { stub in
            let id = try await stub.create(#"{"templateID":"code-interpreter-v1","timeout":600}"#)
            let programs = try RecordedProgram.all
            #expect(programs.count > 60)
            for program in programs {
                let answer = await stub.http.send("POST", "/execute", stub.interpreter(id), body: program.request)
                switch program.answer {
                case .stream(let recorded):
                    #expect(answer.status == 200 && answer.isWhole, "\(program.name)")
                    let actual = Array(answer.body.utf8)
                    let differences = RecordingComparison.differences(expected: recorded, actual: actual)
                    #expect(differences == [], "\(program.name)")
                case .refusal(let status, let body):
                    #expect(answer.status == status, "\(program.name)")
                    #expect(Self.value(answer.body) == Self.value(body), "\(program.name)")
                }
            }
        }
    }

    /// JSON by value, anything else by its text.
    private static func value(_ text: String) -> JSON {
        (try? JSONDecoder().decode(JSON.self, from: Data(text.utf8))) ?? .string(text)
    }
}
