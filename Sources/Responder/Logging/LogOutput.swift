internal import Glibc
internal import Synchronization
internal import System

/// Lines on their way to standard error, which a thread of its own writes: whoever logs never waits.
///
/// A reader that stands still (a stuck log shipper, a pager, a terminal under Ctrl-S) blocks that thread, and nothing else.
/// Lines that find the queue full are dropped and counted, and a line says how many once there is room again. The same goes
/// for lines that cannot be written, because the disk is full or the reader is gone.
package final class LogOutput: Sendable {
    private struct State {
        /// Whole lines.
        var queue: [UInt8] = []
        /// Bytes that have left the queue and are not written yet.
        var underWay = 0
        /// Lines that found no room. They came after what is in the queue, to which nothing is added until they are told of.
        var dropped = 0
        var isWriting = false
        /// Nil: there was nothing to write yet.
        var hasThread: Bool?
    }

    private let descriptor: CInt
    /// Bytes.
    private let capacity: Int
    private let state = Mutex(State())
    /// Posted when the queue is no longer empty. At a fixed address, as the threads that wait need it.
    private nonisolated(unsafe) let news = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

    /// - Parameters:
    ///   - descriptor: stays open for as long as the process lives.
    ///   - capacity: bytes that may wait to be written.
    package init(descriptor: Int32, capacity: Int = 128 << 10) {
        self.descriptor = descriptor
        self.capacity = capacity
        sem_init(news, 0, 0)
    }

    // Reached only if the thread, which keeps the object, has never been started.
    deinit {
        sem_destroy(news)
        news.deallocate()
    }

    /// Never blocks.
    ///
    /// - Parameter line: with its end.
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

    /// Waits until all has been written, but not for longer than `limit`. Blocks: for the end of the process.
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

    /// The system grants no thread: then a line is written here if somebody reads, and else it is lost.
    private func writeWithoutThread() {
        var interest = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        var lost = 0
        if poll(&interest, 1, 1000) == 1 { write(&lost) } else { state.withLock { $0.queue = [] } }
    }

    /// Writes what has come, and after it how much has not.
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
        var line = LogLine()
        line.member("notice", "\(lost) lines of the log were dropped here, because standard error took no more")
        if put(line.finish()[...]) { lost = 0 }
    }

    /// Whole lines, as many as a pipe takes in one piece (`PIPE_BUF`), so that those of several processes do not mix.
    private static func piece(of lines: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let newline = UInt8(ascii: "\n")
        guard lines.count > 4096 else { return lines }
        if let end = lines.prefix(4096).lastIndex(of: newline) { return lines[...end] }
        return lines.firstIndex(of: newline).map { lines[...$0] } ?? lines
    }

    /// - Returns: false if it could not be written.
    private func put(_ bytes: ArraySlice<UInt8>) -> Bool {
        do throws(SystemError) {
            try Descriptor.write(bytes, to: descriptor)
            return true
        } catch {
            return false
        }
    }
}
