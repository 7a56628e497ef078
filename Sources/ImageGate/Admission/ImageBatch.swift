internal import Synchronization

/// The images of one execution, which are decoded one after the other and share an allowance of processor time.
package final class ImageBatch: Sendable {
    /// The name of the execution's owner. The batches of different owners take turns.
    let owner: String
    private let spent = Mutex(Duration.zero)

    package init(owner: String) { self.owner = owner }

    func charge(_ time: Duration) { spent.withLock { $0 += time } }

    func left(of limit: Duration) -> Duration { limit - spent.withLock { $0 } }
}
