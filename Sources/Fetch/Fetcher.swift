import CCurl
import Synchronization
import Threads

/// Async HTTP on libcurl's multi interface: one driver thread, pooled connections.
package final class Fetcher: Sendable {
    private let inbox: Inbox
    private let lastID = Atomic<UInt64>(0)

    package init(_ configuration: FetchConfiguration = .init()) throws(FetchError) {
        guard HeaderList.isFieldValue(configuration.userAgent) else { throw .invalidRequest }
        let inbox = try Inbox()
        let driver = try Driver(configuration, inbox)
        // The thread knows the inbox and not the fetcher, so that dropping the fetcher can end it.
        guard startThread(named: "fetch", { driver.run() }) == 0 else { throw .outOfMemory }
        self.inbox = inbox
    }

    deinit { inbox.stop(nil) }

    /// The whole response.
    package func response(to request: FetchRequest) async throws(FetchError) -> FetchResponse {
        let id = makeID()
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { (waiter: Transfer.Waiter) in
                guard inbox.post(.start(id, request, .whole(waiter))) else {
                    return waiter.resume(returning: .failure(.shutDown))
                }
                // Cancelled before .start: the handler's .cancel came too early to find anything.
                if Task.isCancelled { inbox.post(.cancel(id)) }
            }
        } onCancel: {
            inbox.post(.cancel(id))
        }
        return try result.get()
    }

    /// Hands the response over as it arrives; the transfer ends when `body` returns or throws.
    ///
    /// If that is before the end of the response, its connection is closed (an HTTP/2 stream is reset).
    package func withStream<R: Sendable>(
        of request: FetchRequest, _ body: (FetchStream) async throws -> R
    ) async throws -> R {
        let stream = FetchStream(makeID(), inbox)
        guard inbox.post(.start(stream.id, request, .stream(stream))) else { throw FetchError.shutDown }
        defer { stream.cancel() }
        return try await withTaskCancellationHandler {
            try await body(stream)
        } onCancel: {
            stream.cancel()
        }
    }

    /// Fails what is in flight and ends the thread.
    package func stop() async {
        await withCheckedContinuation { inbox.stop($0) }
    }

    private func makeID() -> Transfer.ID { lastID.add(1, ordering: .relaxed).newValue }
}
