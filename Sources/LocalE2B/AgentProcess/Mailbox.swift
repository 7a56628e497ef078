internal import Dispatch
internal import Synchronization

/// The agent's answers to one request, on their way from the thread that reads them to the task that serves the
/// request.
///
/// Above `highWater` the reading thread waits, and with it the whole sandbox, so that a client that does not read slows
/// down only its own sandbox.
final class Mailbox: Sendable {
    /// The reason why no more answers will arrive.
    enum ClosedError: Error, Equatable, Sendable {
        case sandboxGone, clientGone, cancelled
    }

    enum Delivery: Equatable, Sendable {
        case content(AgentFrame.Content)
        /// Nothing has arrived before the deadline.
        case silence
    }

    private static let highWater = 32 << 20
    /// The number of bytes that are counted for each answer in addition, so that many small answers are limited as
    /// well.
    private static let overhead = 64

    private struct Waiter {
        let ticket: Int
        let continuation: CheckedContinuation<Result<Delivery, ClosedError>, Never>
    }

    private struct State {
        var queue: [AgentFrame.Content] = []
        /// The index of the first element. Taking it moves this index instead of all elements behind it.
        var head = 0
        var byteCount = 0
        var closedError: ClosedError?
        var waiter: Waiter?
        var tickets = 0
        var isReaderWaiting = false

        mutating func popFirst() -> AgentFrame.Content? {
            guard head < queue.count else { return nil }
            defer {
                head += 1
                if head == queue.count {
                    (queue, head) = ([], 0)
                } else if head >= 1024, head * 2 > queue.count {
                    queue.removeFirst(head)
                    head = 0
                }
            }
            return queue[head]
        }
    }

    private let state = Mutex(State())
    private let space = DispatchSemaphore(value: 0)

    /// Adds an answer. Only the reading thread calls this, and is blocked while the mailbox is full.
    func put(_ content: AgentFrame.Content) {
        let (waiter, isFull) = state.withLock { state in
            guard state.closedError == nil else { return (nil as Waiter?, false) }
            if let waiter = state.waiter {
                state.waiter = nil
                return (waiter, false)
            }
            state.queue.append(content)
            state.byteCount += content.byteCount + Self.overhead
            state.isReaderWaiting = state.byteCount > Self.highWater
            return (nil, state.isReaderWaiting)
        }
        waiter?.continuation.resume(returning: .success(.content(content)))
        if isFull { space.wait() }
    }

    /// Closes the mailbox. If the sandbox is gone, answers that have arrived can still be read; otherwise they are
    /// dropped.
    func close(_ error: ClosedError) {
        let (waiter, wasWaiting) = state.withLock { state in
            guard state.closedError == nil else { return (nil as Waiter?, false) }
            state.closedError = error
            if error != .sandboxGone { (state.queue, state.head) = ([], 0) }
            defer {
                state.waiter = nil
                state.isReaderWaiting = false
            }
            return (state.waiter, state.isReaderWaiting)
        }
        waiter?.continuation.resume(returning: .failure(error))
        if wasWaiting { space.signal() }
    }

    /// Waits for the next answer, or returns `.silence` at `deadline`. Only one caller may wait at a time.
    func next(before deadline: ContinuousClock.Instant? = nil) async throws(ClosedError) -> Delivery {
        let ticket = state.withLock { state in
            state.tickets += 1
            return state.tickets
        }
        let alarm = deadline.map { deadline in
            Task { [self] in
                try await Task.sleep(until: deadline)
                wake(ticket, with: .success(.silence))
            }
        }
        defer { alarm?.cancel() }
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                take(ticket, continuation)
            }
        } onCancel: {
            wake(ticket, with: .failure(.cancelled))
        }
        return try result.get()
    }

    private func take(_ ticket: Int, _ continuation: CheckedContinuation<Result<Delivery, ClosedError>, Never>) {
        let (result, hasSpaceAgain) = state.withLock { state -> (Result<Delivery, ClosedError>?, Bool) in
            if let content = state.popFirst() {
                state.byteCount -= content.byteCount + Self.overhead
                let wasWaiting = state.isReaderWaiting && state.byteCount <= Self.highWater / 2
                if wasWaiting { state.isReaderWaiting = false }
                return (.success(.content(content)), wasWaiting)
            }
            if let closedError = state.closedError { return (.failure(closedError), false) }
            // A task that was cancelled before has run its handler too early to find this waiter.
            if Task.isCancelled { return (.failure(.cancelled), false) }
            state.waiter = Waiter(ticket: ticket, continuation: continuation)
            return (nil, false)
        }
        if hasSpaceAgain { space.signal() }
        if let result { continuation.resume(returning: result) }
    }

    private func wake(_ ticket: Int, with result: Result<Delivery, ClosedError>) {
        let waiter = state.withLock { state -> Waiter? in
            guard let waiter = state.waiter, waiter.ticket == ticket else { return nil }
            state.waiter = nil
            return waiter
        }
        waiter?.continuation.resume(returning: result)
    }
}
