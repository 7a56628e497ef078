internal import Foundation
internal import Glibc
internal import Synchronization
internal import System

/// Log lines for the person at the terminal. They never contain code, output or tokens.
///
/// A thread of its own writes them, so that a terminal that was stopped with Ctrl-S, or a pager that waits for a key,
/// stops no sandbox. Lines are dropped and counted while the queue is full.
package enum Log {
    private struct State {
        var lines: [String] = []
        var dropped = 0
        var isWriting = false
        var hasThread = false
    }

    private static let capacity = 2000
    private static let state = Mutex(State())
    private static let linesAvailable = DispatchSemaphore(value: 0)

    package static func note(_ text: String) { write("e2b-local: \(text)") }

    /// Queues a line. It never blocks.
    package static func write(_ line: String) {
        let (isFirst, needsThread) = state.withLock { state in
            let needsThread = !state.hasThread
            state.hasThread = true
            guard state.lines.count < capacity else {
                state.dropped += 1
                return (false, needsThread)
            }
            state.lines.append(line + "\n")
            return (state.lines.count == 1, needsThread)
        }
        if needsThread { Thread.detachNewThread { while true { writeNext() } } }
        if isFirst { linesAvailable.signal() }
    }

    /// Blocks until all lines are written, but not for longer than `limit`. It is meant for the end of the process.
    package static func flush(within limit: Duration = .seconds(1)) {
        let end = ContinuousClock.now + limit
        while ContinuousClock.now < end, state.withLock({ !$0.lines.isEmpty || $0.dropped > 0 || $0.isWriting }) {
            usleep(500)
        }
    }

    private static func writeNext() {
        linesAvailable.wait()
        let (lines, dropped) = state.withLock { state in
            defer { (state.lines, state.dropped, state.isWriting) = ([], 0, true) }
            return (state.lines, state.dropped)
        }
        for line in lines { put(line) }
        if dropped > 0 { put("e2b-local: \(dropped) lines were dropped here, because standard error took no more\n") }
        state.withLock { $0.isWriting = false }
    }

    /// Writes a line. Failures, such as a full disk or a reader that is gone, are ignored.
    private static func put(_ line: String) {
        try? Descriptor.write(Array(line.utf8)[...], to: STDERR_FILENO)
    }
}
