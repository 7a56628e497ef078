internal import Fetch

extension E2BClient {
    /// When the calls of the current task have to have ended, beside their own timeouts: for a caller that has to answer by
    /// then, however many calls its answer takes. nil: there is no such time.
    ///
    /// A call that comes later throws `.timedOut` and is not made. What is done to clean up after a call that failed (a kill)
    /// is not bound by it.
    @TaskLocal public static var deadline: ContinuousClock.Instant?

    /// The request, with no more time than is left.
    ///
    /// - Throws: `.timedOut` when none is.
    func limited(_ request: FetchRequest, _ step: E2BError.Step) throws(E2BError) -> FetchRequest {
        guard let deadline = Self.deadline else { return request }
        let left = deadline - .now
        guard left > .zero else { throw .timedOut(step) }
        var request = request
        request.timeout = min(request.timeout, left)
        return request
    }
}
