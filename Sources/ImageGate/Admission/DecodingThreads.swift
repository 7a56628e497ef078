internal import Dispatch
internal import Synchronization
internal import System

/// Named threads that decode images in the order that `DecodingQueue` decides.
///
/// Each thread decodes one image at a time, which limits the memory. The queue needs no limit of its own: each job in
/// the queue is a suspended task, and the caller limits the number of those tasks.
final class DecodingThreads: Sendable {
    struct Job: Sendable {
        let cancellation: Cancellation
        let work: @Sendable () -> AdmissionResult
        let waiter: CheckedContinuation<AdmissionResult, Never>
    }

    private typealias Queue = DecodingQueue<Job>

    private struct State {
        var queue: Queue
        var isStopped = false
    }

    private let state: Mutex<State>
    /// The signal that wakes a thread, which then takes jobs until no job may begin. There may be more signals than
    /// jobs, which is harmless: the signal of a cancelled job remains. A job that may not begin yet has used its signal
    /// up.
    private let signal = DispatchSemaphore(value: 0)

    private init(places: [DecoderRole: Int]) { state = Mutex(State(queue: DecodingQueue(places: places))) }

    /// - Parameter count: the number of images that are decoded at the same time. All but one of them may be drawings.
    ///   If the number is one, there is a second thread for drawings.
    /// - Throws: if the system does not grant all threads. With fewer, drawings could occupy all of them.
    static func start(count: Int) throws(SystemError) -> DecodingThreads {
        let threads = DecodingThreads(places: [.computing: count, .drawing: max(1, count - 1)])
        for number in 0..<total(for: count) {
            do throws(SystemError) {
                try startThread(named: "image-\(number)") { threads.work() }
            } catch {
                threads.stop()
                throw error
            }
        }
        return threads
    }

    /// The number of threads for `count` images at the same time.
    static func total(for count: Int) -> Int { max(count, 2) }

    func submit(_ job: Job, _ role: DecoderRole = .computing, _ batch: ImageBatch = ImageBatch(owner: "")) {
        let isAccepted = state.withLock { state in
            guard !state.isStopped else { return false }
            state.queue.add(.init(batch: batch, role: role, work: job))
            return true
        }
        if isAccepted { signal.signal() } else { job.waiter.resume(returning: .failure(.cancelled)) }
    }

    /// Removes the job from the queue; a job that is already being decoded sees the flag of its cancellation.
    func cancel(_ cancellation: Cancellation) {
        cancellation.cancel()
        let entry = state.withLock { $0.queue.remove { $0.cancellation === cancellation } }
        entry?.work.waiter.resume(returning: .failure(.cancelled))
    }

    /// Makes the threads end when the queue is empty.
    func stop() {
        state.withLock { $0.isStopped = true }
        signal.signal()
    }

    private func work() {
        while true {
            signal.wait()
            while let entry = state.withLock({ $0.queue.take() }) {
                let result = entry.work.work()
                state.withLock { $0.queue.finish(entry) }
                // Two jobs may have waited for the end of this one: the next image of its execution, and another
                // drawing. This thread takes one of them, and the signal wakes a thread for the other.
                signal.signal()
                entry.work.waiter.resume(returning: result)
            }
            guard state.withLock({ $0.isStopped && $0.queue.isEmpty }) else { continue }
            // Each thread that ends wakes the next.
            return _ = signal.signal()
        }
    }
}
