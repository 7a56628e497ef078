package import Testing

/// One stack for all tests of a suite: a warm Python kernel takes seconds, and these tests only ask and read.
package struct SharedStack: SuiteTrait, TestScoping {
    @TaskLocal package static var current: Stack?

    let environment: [String: String]
    let faults: Bool

    /// nginx in front of the responder of this suite.
    package static var client: HTTPClient { get throws { try #require(current).client } }

    @concurrent
    package func provideScope(
        for test: Test, testCase: Test.Case?, performing body: @concurrent @Sendable () async throws -> Void
    ) async throws {
        try await Stack.with(environment: environment, faults: faults) { stack in
            try await Self.$current.withValue(stack) { try await body() }
        }
    }
}

extension Trait where Self == SharedStack {
    /// - Parameters:
    ///   - environment: the responder's settings.
    ///   - faults: whether the local sandbox server takes orders to fail.
    package static func sharedStack(environment: [String: String] = [:], faults: Bool = false) -> Self {
        Self(environment: environment, faults: faults)
    }

    package static var sharedStack: Self { sharedStack() }
}
