import CCurl
package import EventLoop
import Synchronization
import System

/// Async HTTP on libcurl's multi interface, with pooled connections.
///
/// There are two drivers with a pool each. With a single pool a request that could use HTTP/2 would take any idle
/// connection to its host, and next to HTTP/1.1 requests would hardly ever get HTTP/2.
package final class Fetcher: Sendable {
    /// The queues of the driver whose requests offer HTTP/1.1 only, and of the one whose requests offer HTTP/2 as well.
    private let http1: CommandQueue
    private let negotiating: CommandQueue
    private let lastID = Atomic<UInt64>(0)

    /// - Parameter loop: where transfers run; nil for a thread of the fetcher's own.
    package init(_ configuration: FetchConfiguration = .init(), on loop: EventLoop? = nil) throws(FetchError) {
        guard CurlHeaderList.isFieldValue(configuration.userAgent) else { throw .invalidRequest }
        let own = loop == nil ? try Self.makeLoop() : nil
        defer { own?.stop() }
        guard let loop = loop ?? own else { throw .outOfMemory }
        http1 = try Self.startDriver(configuration, on: loop)
        do throws(FetchError) {
            negotiating = try Self.startDriver(configuration, on: loop)
        } catch {
            http1.stop(nil)
            throw error
        }
    }

    /// How many descriptors a fetcher may have open at a time: an epoll set, an eventfd and the connections of each
    /// pool; and for the connections of one pool, while they are being made, the descriptors of the resolver and a
    /// second socket.
    package static func descriptors(connectionLimit: Int) -> Int {
        EventLoop.descriptors + 2 * connectionLimit + 3 * connectionLimit
    }

    deinit {
        http1.stop(nil)
        negotiating.stop(nil)
    }

    private static func makeLoop() throws(FetchError) -> EventLoop {
        do throws(SystemError) {
            return try EventLoop(named: "fetch")
        } catch {
            throw FetchError(error)
        }
    }

    /// The loop holds the driver and its command queue and not the fetcher, so that both end when the fetcher is freed.
    private static func startDriver(
        _ configuration: FetchConfiguration, on loop: EventLoop
    ) throws(FetchError) -> CommandQueue {
        let commandQueue = CommandQueue(loop)
        let set = loop.makeSet()
        loop.add(try Driver(configuration, commandQueue, set), with: set)
        return commandQueue
    }

    private func commandQueue(for request: FetchRequest) -> CommandQueue { request.isNegotiable ? negotiating : http1 }

    /// Sends a request, and returns the whole response.
    package func response(to request: FetchRequest) async throws(FetchError) -> FetchResponse {
        let id = makeID()
        let commandQueue = commandQueue(for: request)
        let pipe = BodyPipe.fill(from: request.body, id, commandQueue)
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { (waiter: Transfer.Waiter) in
                guard commandQueue.post(.start(id, request, pipe, .whole(waiter))) else {
                    pipe?.close()
                    return waiter.resume(returning: .failure(.shutDown))
                }
                // A task that was cancelled before .start has sent .end too early to find the transfer.
                if Task.isCancelled { commandQueue.post(.end(id, .cancelled)) }
            }
        } onCancel: {
            commandQueue.post(.end(id, .cancelled))
        }
        await pipe?.waitForTask()
        return try result.get()
    }

    /// Sends a request, and hands the response over as it arrives. The transfer ends when `body` returns or throws.
    ///
    /// If that is before the end of the response, its connection is closed, or its HTTP/2 stream reset.
    package func withStream<R: Sendable>(
        of request: consuming FetchRequest, _ body: (FetchStream) async throws -> R
    ) async throws -> R {
        let stream = try open(request)
        let result: Result<R, any Error>
        do {
            result = .success(
                try await withTaskCancellationHandler {
                    try await body(stream)
                } onCancel: {
                    stream.cancel()
                })
        } catch {
            result = .failure(error)
        }
        stream.cancel()
        await stream.pipe?.waitForTask()
        return try result.get()
    }

    /// Like ``withStream(of:_:)``, for a response that outlives the task that asked for it. The caller has to cancel
    /// the stream.
    package func open(_ request: consuming FetchRequest) throws(FetchError) -> FetchStream {
        let commandQueue = commandQueue(for: request)
        let id = makeID()
        let pipe = BodyPipe.fill(from: request.body, id, commandQueue)
        let stream = FetchStream(id, commandQueue, pipe)
        guard commandQueue.post(.start(id, request, pipe, .stream(stream))) else {
            pipe?.close()
            throw .shutDown
        }
        return stream
    }

    /// Fails the transfers in flight, and ends the threads.
    package func stop() async {
        for commandQueue in [http1, negotiating] { await withCheckedContinuation { commandQueue.stop($0) } }
    }

    private func makeID() -> Transfer.ID { lastID.add(1, ordering: .relaxed).newValue }
}
