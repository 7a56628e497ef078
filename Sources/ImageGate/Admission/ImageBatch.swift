internal import Synchronization

/// What one execution has of the gate: its images are decoded one after the other, and have processor time together.
package final class ImageBatch: Sendable {
    /// Who asks. The batches of different owners take turns.
    let owner: String
    private let spent = Mutex(Duration.zero)

    package init(owner: String) { self.owner = owner }

    func charge(_ time: Duration) { spent.withLock { $0 += time } }

    func left(of limit: Duration) -> Duration { limit - spent.withLock { $0 } }
}
