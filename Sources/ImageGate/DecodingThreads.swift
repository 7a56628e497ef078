internal import Dispatch
internal import Synchronization
internal import Threads

/// Named threads that decode, first come first served.
///
/// One image for each thread bounds the memory. Jobs that wait are bounded by who submits them: each is a suspended task.
final class DecodingThreads: Sendable {
    typealias Outcome = Result<AdmittedImage, ImageRejection>

    struct Job: Sendable {
        let cancellation: Cancellation
        let work: @Sendable () -> Outcome
        let waiter: CheckedContinuation<Outcome, Never>
    }

    private struct State {
        var waiting: [Job] = []
        var isStopped = false
    }

    private let state = Mutex(State())
    /// One signal for each job, and for each thread at the end. A cancelled job leaves a signal behind: its thread finds
    /// nothing and waits again.
    private let signal = DispatchSemaphore(value: 0)
    private let count: Int

    private init(count: Int) { self.count = count }

    static func start(count: Int) -> DecodingThreads {
        let threads = DecodingThreads(count: count)
        for number in 0..<count {
            let status = startThread(named: "image-\(number)") { threads.work() }
            // Without its threads the gate could only hang: fail at the start, where somebody looks.
            precondition(status == 0, "no thread for decoding images: error \(status)")
        }
        return threads
    }

    func submit(_ job: Job) {
        let isAccepted = state.withLock { state in
            guard !state.isStopped else { return false }
            state.waiting.append(job)
            return true
        }
        if isAccepted { signal.signal() } else { job.waiter.resume(returning: .failure(.cancelled)) }
    }

    /// Takes the job out of the queue; one that is already being decoded sees its flag.
    func cancel(_ cancellation: Cancellation) {
        cancellation.cancel()
        let job = state.withLock { state -> Job? in
            guard let index = state.waiting.firstIndex(where: { $0.cancellation === cancellation }) else { return nil }
            return state.waiting.remove(at: index)
        }
        job?.waiter.resume(returning: .failure(.cancelled))
    }

    /// The threads end when they have emptied the queue.
    func stop() {
        state.withLock { $0.isStopped = true }
        for _ in 0..<count { signal.signal() }
    }

    private enum Next {
        case job(Job), nothing, stop
    }

    private func work() {
        while true {
            signal.wait()
            let next = state.withLock { state -> Next in
                if !state.waiting.isEmpty { return .job(state.waiting.removeFirst()) }
                return state.isStopped ? .stop : .nothing
            }
            switch next {
            case .job(let job): job.waiter.resume(returning: job.work())
            case .nothing: continue
            case .stop: return
            }
        }
    }
}
