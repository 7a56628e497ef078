internal import Foundation
internal import Synchronization
internal import System

/// Waits until descriptors can be read or written. One thread polls for all connections of the edge.
///
/// FlyingSocks' pool is not used, because it removes a descriptor after it has resumed the task that waited, which may
/// have closed it by then. The next connection with that number would fail.
final class ReadinessPoller: Sendable {
    private struct Waiter {
        let descriptor: CInt
        let events: CInt
        let continuation: CheckedContinuation<Void, Never>
    }

    private struct State {
        var waiters: [Int: Waiter] = [:]
        var nextTicket = 0
        var isStopped = false
    }

    private let state = Mutex(State())
    /// Makes the thread read `waiters` again.
    private let wakeup: EventDescriptor

    init() throws(LocalE2BError) {
        do throws(SystemError) {
            wakeup = try EventDescriptor()
            try startThread(named: "e2b-local edge", stackSize: 256 << 10) { self.run() }
        } catch {
            throw .listenFailed("\(error)")
        }
    }

    /// Ends the thread, and resumes all waiters.
    func stop() {
        state.withLock { $0.isStopped = true }
        wakeUp()
    }

    /// Returns when the descriptor may be readable (`POLLIN`) or writable (`POLLOUT`), when the task is cancelled, or
    /// when the poller has stopped. The caller tries again to find out which.
    func wait(for descriptor: CInt, _ events: CInt) async {
        let ticket = state.withLock { state in
            state.nextTicket += 1
            return state.nextTicket
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isPointless = state.withLock { state in
                    // A task that was cancelled before has run its handler too early to find this waiter.
                    if state.isStopped || Task.isCancelled { return true }
                    state.waiters[ticket] = Waiter(descriptor: descriptor, events: events, continuation: continuation)
                    return false
                }
                if isPointless { continuation.resume() } else { wakeUp() }
            }
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: ticket) }?.continuation.resume()
        }
    }

    private func wakeUp() { wakeup.signal() }

    private func run() {
        while true {
            let (waiters, isStopped) = state.withLock { ($0.waiters, $0.isStopped) }
            if isStopped { break }
            let tickets = Array(waiters.keys)
            var descriptors = [pollfd(fd: wakeup.descriptor, events: Int16(POLLIN), revents: 0)]
            for ticket in tickets {
                guard let waiter = waiters[ticket] else { continue }
                descriptors.append(pollfd(fd: waiter.descriptor, events: Int16(waiter.events), revents: 0))
            }
            guard poll(&descriptors, nfds_t(descriptors.count), -1) > 0 else { continue }
            if descriptors[0].revents != 0 { wakeup.clear() }
            for (ticket, descriptor) in zip(tickets, descriptors.dropFirst()) where descriptor.revents != 0 {
                state.withLock { $0.waiters.removeValue(forKey: ticket) }?.continuation.resume()
            }
        }
        let waiters = state.withLock { state in
            defer { state.waiters = [:] }
            return state.waiters
        }
        for waiter in waiters.values { waiter.continuation.resume() }
    }
}
