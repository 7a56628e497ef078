import Testing

@testable import Interpreter

struct SandboxShareTests {
    @Test func `those that are being made count once, and only for those that come later`() async throws {
        let share = SandboxShare(limit: 3)
        // E2B lists one that is old, and the first of the new ones.
        try await share.create(for: "a", mark: "1", among: { ["old"] }) {
            try await share.create(for: "a", mark: "2", among: { ["old", "1"] }) {
                await #expect(throws: InterpreterError.tooManySandboxes(limit: 3)) {
                    try await share.create(for: "a", mark: "3", among: { ["old", nil] }) {}
                }
                try await share.create(for: "b", mark: "3", among: { [] }) {}
            }
        }
        // Both have failed, as far as the list goes.
        try await share.create(for: "a", mark: "4", among: { ["old", nil] }) {}
        await #expect(throws: InterpreterError.tooManySandboxes(limit: 3)) {
            try await share.create(for: "a", mark: "5", among: { ["old", nil, "4"] }) {}
        }
    }

    @Test func `without a limit nobody is asked`() async throws {
        #expect(
            try await SandboxShare(limit: nil).create(for: "a", mark: "1", among: { throw LockTimeout() }) { 7 } == 7)
    }
}
