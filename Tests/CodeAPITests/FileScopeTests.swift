import CodeAPI
import Store
import Testing

struct FileScopeTests {
    private func scope(_ fields: [String: String]) throws -> FileScope? { try FileScope { fields[$0] } }

    @Test func `both spellings are read`() throws {
        #expect(try scope([:]) == nil)
        #expect(try scope(["entity_id": "", "kind": ""]) == nil)
        #expect(try scope(["entity_id": "agent_1"]) == FileScope(kind: .agent, id: "agent_1"))
        #expect(try scope(["kind": "user", "id": "u1"]) == FileScope(kind: .user, id: "u1"))
        #expect(try scope(["kind": "agent", "entity_id": "a"]) == FileScope(kind: .agent, id: "a"))
        #expect(
            try scope(["kind": "skill", "id": "s", "version": "3", "entity_id": "old"])
                == FileScope(kind: .skill, id: "s", version: "3"))
        #expect(try scope(["kind": "agent", "id": "a", "version": "3"]) == FileScope(kind: .agent, id: "a"))
    }

    @Test(arguments: [
        ["kind": "robot"], ["kind": "user", "id": "a\nb"], ["entity_id": String(repeating: "x", count: 257)],
        ["kind": "skill", "version": "\u{0}"],
    ])
    func `what cannot be a scope is refused`(fields: [String: String]) throws {
        let failure = try #require(throws: CodeAPIFailure.self) { try scope(fields) }
        #expect(failure.status == 400)
    }
}
