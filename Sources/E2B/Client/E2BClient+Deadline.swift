internal import Fetch

extension E2BClient {
    /// The time at which all calls of the current task must have ended, in addition to their own timeouts. It is for a caller
    /// that has to answer by then, however many calls its answer takes. nil means that there is no such time.
    ///
    /// A call after that time throws `.timedOut` and is not made. Calls that clean up after a failure, such as a kill, ignore
    /// this deadline.
    @TaskLocal public static var deadline: ContinuousClock.Instant?

    /// Shortens a request's timeout to the time that is left.
    ///
    /// - Throws: `.timedOut` if no time is left.
    func limited(_ request: FetchRequest, _ step: E2BError.Step) throws(E2BError) -> FetchRequest {
        guard let deadline = Self.deadline else { return request }
        let left = deadline - .now
        guard left > .zero else { throw .timedOut(step) }
        var request = request
        request.timeout = min(request.timeout, left)
        return request
    }
}
