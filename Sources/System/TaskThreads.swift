internal import Dispatch
internal import Synchronization

/// Named threads for tasks that may compute for a long time, separate from the shared pool that runs all other tasks.
///
/// A task whose executor preference is this object runs on these threads from its beginning to its end, and so do its
/// child tasks.
package final class TaskThreads: TaskExecutor {
    private struct State {
        /// The jobs, oldest first. Those before `next` were taken already.
        var jobs: [UnownedJob] = []
        var next = 0
        var isStopped = false

        mutating func take() -> UnownedJob? {
            guard next < jobs.count else { return nil }
            defer {
                next += 1
                if next == jobs.count {
                    jobs.removeAll(keepingCapacity: next <= 4096)
                    next = 0
                } else if next >= 4096 {
                    // Under constant load the array never becomes empty, so the taken jobs are removed from time to
                    // time.
                    jobs.removeSubrange(..<next)
                    next = 0
                }
            }
            return jobs[next]
        }
    }

    private let state = Mutex(State())
    /// Signalled once for each job, and in `stop()` once for each thread.
    private let signal = DispatchSemaphore(value: 0)
    private let count: Int

    /// - Parameters:
    ///   - name: the beginning of the threads' names, of at most 12 bytes. A number follows.
    ///   - count: the number of threads, and so of tasks that can compute at the same time.
    /// - Throws: if the system does not grant all of the threads: with fewer, tasks would wait for each other.
    package init(named name: String, count: Int) throws(SystemError) {
        precondition(count > 0)
        self.count = count
        for number in 0..<count {
            do throws(SystemError) {
                try startThread(named: "\(name)-\(number)") { self.work() }
            } catch {
                stop()
                throw error
            }
        }
    }

    /// Ends the threads as soon as no job waits. Until then they keep this object alive.
    package func stop() {
        state.withLock { $0.isStopped = true }
        for _ in 0..<count { signal.signal() }
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        state.withLock { $0.jobs.append(job) }
        signal.signal()
    }

    private func work() {
        while true {
            signal.wait()
            let (job, isStopped) = state.withLock { ($0.take(), $0.isStopped) }
            if let job {
                job.runSynchronously(on: asUnownedTaskExecutor())
            } else if isStopped {
                return
            }
        }
    }
}
