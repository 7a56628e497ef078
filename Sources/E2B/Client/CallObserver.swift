/// Is told of every call to E2B, for whoever measures them. It must not block.
package struct CallObserver: Sendable {
    /// Called in the task that makes the call, before it is made.
    package var began: @Sendable (E2BError.Step) -> Void
    /// Called when the call has ended.
    ///
    /// - Parameters:
    ///   - time: from the beginning of the call, retries of its connection included.
    ///   - error: why it failed; nil if it succeeded, or if the caller ended it for reasons of its own.
    package var ended: @Sendable (_ step: E2BError.Step, _ time: Duration, _ error: E2BError?) -> Void

    package init(
        began: @escaping @Sendable (E2BError.Step) -> Void,
        ended: @escaping @Sendable (E2BError.Step, Duration, E2BError?) -> Void
    ) {
        self.began = began
        self.ended = ended
    }
}

/// A call under way, as the observer sees it.
struct ObservedCall {
    private let step: E2BError.Step
    private let observer: CallObserver?
    private let start = ContinuousClock.now

    init(_ step: E2BError.Step, _ observer: CallObserver?) {
        self.step = step
        self.observer = observer
        observer?.began(step)
    }

    func end(_ error: (any Error)? = nil) { observer?.ended(step, .now - start, error as? E2BError) }
}

extension E2BClient {
    /// Runs `body`, which makes one call, and tells the observer of it.
    func observed<Value>(
        _ step: E2BError.Step, _ body: () async throws(E2BError) -> Value
    ) async throws(E2BError) -> Value {
        guard configuration.observer != nil else { return try await body() }
        let call = ObservedCall(step, configuration.observer)
        do {
            let value = try await body()
            call.end()
            return value
        } catch {
            call.end(error)
            throw error
        }
    }
}
