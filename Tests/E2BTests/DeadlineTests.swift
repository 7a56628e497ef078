import Foundation
import Synchronization
import TestSupport
import Testing

@testable import E2B

/// A caller that has to answer by a time gets every call back by then, whatever timeouts the calls have of their own.
@Suite(.timeLimit(.minutes(10))) struct DeadlineTests {
    typealias Call = @Sendable (E2BClient) async throws -> Void

    static let calls: [(name: String, call: Call)] = [
        ("create", { _ = try await $0.create(.init()) }), ("list", { _ = try await $0.list() }),
        ("kill", { _ = try await $0.kill(sandbox: "i0") }), ("info", { _ = try await $0.info(sandbox: "i0") }),
        ("execute", { try await $0.execute(.init(code: "1"), in: testSandbox) { _ in } }),
        ("run", { try await $0.run(.shell("x", timeout: .seconds(600)), in: testSandbox) { _ in } }),
        ("start", { _ = try await $0.start(.shell("x", timeout: nil), in: testSandbox) }),
        ("read", { _ = try await $0.read("f", limit: 1000, in: testSandbox) }),
        ("write", { _ = try await $0.write([1], to: "f", in: testSandbox) }),
        ("processes", { _ = try await $0.processes(in: testSandbox) }),
    ]

    @Test func `no call waits beyond it`() async throws {
        let e2b = LoopbackE2B.silent()
        try await e2b.withClient(requestTimeout: .seconds(600)) { client in
            for (name, call) in Self.calls {
                let failure = await E2BClient.$deadline.withValue(.now + .milliseconds(200)) {
                    await #expect(throws: E2BError.self, "\(name)") { try await call(client) }
                }
                #expect(failure?.isTimeout == true, "\(name): \(String(describing: failure))")
            }
        }
    }

    @Test func `no call is made after it`() async throws {
        let e2b = LoopbackE2B("200 OK")
        try await e2b.withClient { client in
            for (name, call) in Self.calls {
                let failure = await E2BClient.$deadline.withValue(.now - .seconds(1)) {
                    await #expect(throws: E2BError.self, "\(name)") { try await call(client) }
                }
                #expect(failure?.isTimeout == true, "\(name): \(String(describing: failure))")
            }
        }
        #expect(e2b.requests.isEmpty)
    }

    @Test func `cleaning up is not bound by it, and not waited for for long`() async throws {
        let isDone = Flag()
        await E2BClient.$deadline.withValue(.now) {
            await inBackground(waitingAtMost: .milliseconds(10)) {
                #expect(E2BClient.deadline == nil)
                try? await Task.sleep(for: .milliseconds(200))
                isDone.raise()
            }
        }
        while !isDone.isRaised { try await Task.sleep(for: .milliseconds(10)) }
    }

    private final class Flag: Sendable {
        private let state = Atomic(false)
        func raise() { state.store(true, ordering: .releasing) }
        var isRaised: Bool { state.load(ordering: .acquiring) }
    }
}

extension E2BError {
    fileprivate var isTimeout: Bool {
        switch self {
        case .timedOut, .executionTimedOut: true
        default: false
        }
    }
}
