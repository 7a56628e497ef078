import TestSupport
import Testing

/// One stack for all tests of a suite: a warm Python kernel takes seconds, and these tests only ask and read.
struct SharedStack: SuiteTrait, TestScoping {
    @TaskLocal static var current: Stack?

    /// nginx in front of the responder of this suite.
    static var client: HTTPClient { get throws { try #require(current).client } }

    @concurrent
    func provideScope(
        for test: Test, testCase: Test.Case?, performing body: @concurrent @Sendable () async throws -> Void
    ) async throws {
        try await Stack.with { stack in
            try await Self.$current.withValue(stack) { try await body() }
        }
    }
}

extension Trait where Self == SharedStack {
    static var sharedStack: Self { Self() }
}
