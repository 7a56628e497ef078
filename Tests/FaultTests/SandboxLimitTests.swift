import Glibc
import TestSupport
import Testing

/// E2B refuses sandboxes beyond its plan's. As many executions as it has sandboxes never meet that.
@Suite(.timeLimit(.minutes(5)))
struct SandboxLimitTests {
    @Test func `with as many places as E2B has sandboxes no execution is refused`() async throws {
        // Killing takes longer than an execution, so that new sandboxes always meet those that are being ended.
        let e2b = CannedE2B(limit: 4, kill: { usleep(5000) })
        try await LoneResponder.with(
            e2b, environment: ["E2B_FCGI_EXECUTIONS": "4", "E2B_FCGI_QUEUE_WAIT": "120", "E2B_FCGI_LOG": "off"]
        ) { responder in
            let statuses = try await withThrowingTaskGroup { group in
                for _ in 0..<16 {
                    group.addTask {
                        var statuses: [Int?: Int] = [:]
                        for _ in 0..<20 { statuses[try await responder.execute().status, default: 0] += 1 }
                        return statuses
                    }
                }
                return try await group.reduce(into: [:]) { $0.merge($1, uniquingKeysWith: +) }
            }
            #expect(statuses == [200: 320], "\(e2b.refused) refused by E2B")
        }
    }
}
