internal import Dispatch
internal import Synchronization
internal import System

/// Named threads that decode what `DecodingQueue` says is next.
///
/// One image for each thread bounds the memory. Jobs that wait are bounded by who submits them: each is a suspended task.
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
    /// A thread that is woken looks for all it can do. One signal too many does no harm, and there may be some: a cancelled
    /// job leaves its own behind, and one that may not begin yet has used it up.
    private let signal = DispatchSemaphore(value: 0)

    private init(places: [DecoderRole: Int]) { state = Mutex(State(queue: DecodingQueue(places: places))) }

    /// - Parameter count: images that are decoded at the same time. All but one of them may be drawings; where it is one, a
    ///   drawing has a thread of its own.
    static func start(count: Int) -> DecodingThreads {
        let threads = DecodingThreads(places: [.computing: count, .drawing: max(1, count - 1)])
        for number in 0..<max(count, 2) {
            do throws(SystemError) {
                try startThread(named: "image-\(number)") { threads.work() }
            } catch {
                // Without its threads the gate could only hang: fail at the start, where somebody looks.
                fatalError("no thread for decoding images: \(error)")
            }
        }
        return threads
    }

    func submit(_ job: Job, _ role: DecoderRole = .computing, _ batch: ImageBatch = ImageBatch(owner: "")) {
        let isAccepted = state.withLock { state in
            guard !state.isStopped else { return false }
            state.queue.add(.init(batch: batch, role: role, work: job))
            return true
        }
        if isAccepted { signal.signal() } else { job.waiter.resume(returning: .failure(.cancelled)) }
    }

    /// Takes the job out of the queue; one that is already being decoded sees its flag.
    func cancel(_ cancellation: Cancellation) {
        cancellation.cancel()
        let entry = state.withLock { $0.queue.remove { $0.cancellation === cancellation } }
        entry?.work.waiter.resume(returning: .failure(.cancelled))
    }

    /// The threads end when they have emptied the queue.
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
                // What waited for this one to end may be for two threads: the next image of its execution, another drawing.
                signal.signal()
                entry.work.waiter.resume(returning: result)
            }
            guard state.withLock({ $0.isStopped && $0.queue.isEmpty }) else { continue }
            // One thread wakes the next.
            return _ = signal.signal()
        }
    }
}
