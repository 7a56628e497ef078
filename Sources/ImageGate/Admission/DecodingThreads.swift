internal import Dispatch
internal import Synchronization
internal import System

/// Named threads that decode images in the order that `DecodingQueue` decides.
///
/// Each thread decodes one image at a time, which bounds the memory. The queue needs no bound of its own: each job in
/// it is a suspended task, and whoever starts those tasks bounds their number.
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
    /// Wakes a thread, which then takes jobs until none may begin. A signal too many does no harm, and there are some:
    /// a cancelled job leaves its signal behind, and a job that may not begin yet has used its signal up.
    private let signal = DispatchSemaphore(value: 0)

    private init(places: [DecoderRole: Int]) { state = Mutex(State(queue: DecodingQueue(places: places))) }

    /// - Parameter count: how many images are decoded at the same time. All but one of them may be drawings. If the
    ///   count is one, a second thread is there for drawings.
    /// - Throws: if the system does not grant all threads. With fewer, drawings could hold all of them.
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

    /// The threads for that many images at the same time.
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

    /// Makes the threads end once they have emptied the queue.
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
                // Two jobs may have waited for this one to end, the next image of its execution and another drawing:
                // this thread takes one, and the signal wakes a thread for the other.
                signal.signal()
                entry.work.waiter.resume(returning: result)
            }
            guard state.withLock({ $0.isStopped && $0.queue.isEmpty }) else { continue }
            // Each thread that ends wakes the next.
            return _ = signal.signal()
        }
    }
}
