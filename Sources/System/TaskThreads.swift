internal import Dispatch
internal import Synchronization

/// Named threads on which tasks run that may compute for long, apart from the pool on which everything else runs.
///
/// A task that has this for its executor preference runs here from its beginning to its end, with all that it calls and its
/// child tasks.
package final class TaskThreads: TaskExecutor {
    private struct State {
        /// From `next` on they wait.
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
                    // Never empty under load: the taken ones are dropped now and then.
                    jobs.removeSubrange(..<next)
                    next = 0
                }
            }
            return jobs[next]
        }
    }

    private let state = Mutex(State())
    /// One signal for each job, and for each thread at the end.
    private let signal = DispatchSemaphore(value: 0)
    private let count: Int

    /// - Parameters:
    ///   - name: at most 12 bytes; a number follows.
    ///   - count: as many tasks can compute at a time.
    /// - Throws: when the system does not grant all of them: with fewer, tasks would wait for each other.
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

    /// The threads end when nothing waits. Only after this is the object freed.
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
