internal import Synchronization

/// A flag between a waiting task and the thread that decodes for it.
final class Cancellation: Sendable {
    private let flag = Atomic(false)

    func cancel() { flag.store(true, ordering: .relaxed) }

    /// Between batches of rows: a decode nobody waits for stops within milliseconds.
    func check() throws(ImageRejection) {
        if flag.load(ordering: .relaxed) == true { throw .cancelled }
    }
}
