internal import CLinux
internal import Glibc
internal import Synchronization
internal import System

/// Runs handlers as tasks, one at a time, for a thread that waits for each, and watches the connection to the client
/// meanwhile.
///
/// The task never outlives the call that starts it: ``response(to:hangUpOn:halfWay:cancelOn:from:)`` returns when the
/// task has ended.
struct HandlerTask: ~Copyable {
    /// Hands the request to the task, which keeps it no longer than the handler does, and the response back to the
    /// thread.
    private final class Exchange: Sendable {
        private let box: RequestBox
        private let response = Mutex<Response?>(nil)
        private let end: EventDescriptor

        init(_ request: consuming FastCGIRequest, end: EventDescriptor) {
            box = RequestBox(request)
            self.end = end
        }

        /// Runs the handler. Call it once.
        func run(_ handler: Handler) async {
            if let request = box.take() {
                let response = await handler(consume request)
                self.response.withLock { $0 = response }
            }
            end.signal()
        }

        func takeResponse() -> Response? { response.withLock { $0.take() } }
    }

    /// Of the task. One for all runs: each signals it once, and is waited for.
    private let end: EventDescriptor

    /// - Throws: without descriptors.
    init() throws(SystemError) { end = try EventDescriptor() }

    /// Blocks until the handler has ended. A hang-up cancels its task at once.
    ///
    /// - Parameters:
    ///   - client: a socket or a pipe, which is watched for a hang-up.
    ///   - halfWay: whether a client that has closed only its sending side has hung up as well.
    ///   - cancel: a descriptor that becomes readable, and stays so, when the task is to be cancelled for another
    ///     reason; -1 for none.
    /// - Returns: nil after a hang-up.
    func response(
        to request: consuming FastCGIRequest, hangUpOn client: CInt, halfWay: Bool, cancelOn cancel: CInt = -1,
        from handler: @escaping Handler
    ) -> Response? {
        let exchange = Exchange(request, end: end)
        let task = Task { await exchange.run(handler) }
        var isClientThere = true
        var isCancelled = false
        while true {
            var interest = (
                pollfd(fd: end.descriptor, events: Int16(POLLIN), revents: 0),
                // poll reports POLLHUP and POLLERR, the latter for a pipe, without being asked. It ignores a negative
                // descriptor.
                pollfd(fd: isClientThere ? client : -1, events: halfWay ? Int16(clinux_pollrdhup) : 0, revents: 0),
                pollfd(fd: isCancelled ? -1 : cancel, events: Int16(POLLIN), revents: 0)
            )
            let count = withUnsafeMutableBytes(of: &interest) {
                poll($0.baseAddress?.assumingMemoryBound(to: pollfd.self), 3, -1)
            }
            guard count > 0 else { continue }  // EINTR
            if interest.0.revents != 0 {
                end.clear()
                let response = exchange.takeResponse()
                return isClientThere ? response : nil
            }
            if interest.1.revents != 0 { isClientThere = false }
            if interest.2.revents != 0 { isCancelled = true }
            task.cancel()
        }
    }
}
