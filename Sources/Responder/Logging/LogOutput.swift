internal import Glibc
internal import Synchronization
internal import System

/// A queue of lines for standard error, which a thread of its own writes, so that logging never blocks.
///
/// A reader that does not read (a stuck log shipper, a pager, a terminal under Ctrl-S) blocks only that thread. Lines
/// that find the queue full are dropped and counted, and a later line reports the count. The same holds for lines that
/// cannot be written because the disk is full or the reader is gone.
package final class LogOutput: Sendable {
    private struct State {
        /// The lines that wait to be written, each with its line feed.
        var queue: [UInt8] = []
        /// The number of bytes that were taken from the queue and are not written yet.
        var underWay = 0
        /// The number of lines that found no room. While there are any, the queue takes no more lines, so that their
        /// count is reported in its place.
        var dropped = 0
        var isWriting = false
        var format = LogFormat.json
        /// Whether the thread was granted; nil before the first line.
        var hasThread: Bool?
    }

    private let descriptor: CInt
    /// The largest number of bytes that wait to be written.
    private let capacity: Int
    private let state = Mutex(State())
    /// A semaphore that is posted when the queue is no longer empty. It is at a fixed address, as sem_wait(3) requires.
    private nonisolated(unsafe) let news = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

    /// - Parameters:
    ///   - descriptor: the descriptor to write to, which has to stay open for as long as the process runs.
    ///   - capacity: the largest number of bytes that wait to be written.
    package init(descriptor: Int32, capacity: Int = 128 << 10) {
        self.descriptor = descriptor
        self.capacity = capacity
        sem_init(news, 0, 0)
    }

    // The thread keeps this object alive, so this runs only if the thread was never started.
    deinit {
        sem_destroy(news)
        news.deallocate()
    }

    /// Appends a line to the queue. Never blocks.
    ///
    /// - Parameter line: the line with its line feed.
    package func write(_ line: [UInt8]) {
        let (isFirst, hasThread) = state.withLock { state -> (Bool, Bool) in
            let hasThread = state.hasThread ?? startWriting()
            state.hasThread = hasThread
            guard state.dropped == 0, state.queue.count + state.underWay + line.count <= capacity else {
                state.dropped += 1
                return (false, true)
            }
            state.queue += line
            return (state.queue.count == line.count, hasThread)
        }
        if !hasThread { return writeWithoutThread() }
        if isFirst { sem_post(news) }
    }

    package func write(_ text: String) { write(Array(text.utf8)) }

    /// Has the output's own lines be written in this format.
    package func use(_ format: LogFormat) { state.withLock { $0.format = format } }

    /// Blocks until all lines have been written, but not for longer than `limit`. It is for the end of the process.
    package func flush(within limit: Duration) {
        let end = ContinuousClock.now + limit
        while ContinuousClock.now < end, !state.withLock({ $0.queue.isEmpty && $0.dropped == 0 && !$0.isWriting }) {
            usleep(500)
        }
    }

    private func startWriting() -> Bool {
        do throws(SystemError) {
            try startThread(named: "log", stackSize: 256 << 10) { self.writeForEver() }
            return true
        } catch {
            return false
        }
    }

    private func writeForEver() {
        var lost = 0
        while true {
            while sem_wait(news) != 0 {}  // EINTR
            write(&lost)
        }
    }

    /// Writes the queue from the calling thread, because the system grants no thread. If the descriptor takes no bytes
    /// within a second, the lines are lost.
    private func writeWithoutThread() {
        var interest = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        var lost = 0
        if poll(&interest, 1, 1000) == 1 { write(&lost) } else { state.withLock { $0.queue = [] } }
    }

    /// Writes the lines of the queue, and then the number of lines that were lost.
    private func write(_ lost: inout Int) {
        let (lines, dropped) = state.withLock { state in
            defer {
                (state.isWriting, state.underWay) = (true, state.queue.count)
                (state.queue, state.dropped) = ([], 0)
            }
            return (state.queue, state.dropped)
        }
        var rest = lines[...]
        while !rest.isEmpty {
            let piece = Self.piece(of: rest)
            if put(piece) { tell(of: &lost) } else { lost += piece.count { $0 == UInt8(ascii: "\n") } }
            rest = rest.dropFirst(piece.count)
            state.withLock { $0.underWay = rest.count }
        }
        lost += dropped
        tell(of: &lost)
        state.withLock { $0.isWriting = false }
    }

    private func tell(of lost: inout Int) {
        guard lost > 0 else { return }
        var line = LogLine(.warning, as: state.withLock { $0.format })
        line.sentence("notice", "\(lost) lines of the log were dropped here, because standard error took no more")
        if put(line.finish()[...]) { lost = 0 }
    }

    /// Returns whole lines, as many as a pipe takes in one atomic write (`PIPE_BUF`), so that lines of several
    /// processes do not mix.
    private static func piece(of lines: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let newline = UInt8(ascii: "\n")
        guard lines.count > 4096 else { return lines }
        if let end = lines.prefix(4096).lastIndex(of: newline) { return lines[...end] }
        return lines.firstIndex(of: newline).map { lines[...$0] } ?? lines
    }

    /// - Returns: false if the bytes could not be written.
    private func put(_ bytes: ArraySlice<UInt8>) -> Bool {
        do throws(SystemError) {
            try Descriptor.write(bytes, to: descriptor)
            return true
        } catch {
            return false
        }
    }
}
