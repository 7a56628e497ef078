package import System

/// The threads on which the store calls the file system. A disk, let alone one in the network, can take its time for any call, and
/// the threads that serve requests must not wait for it.
package final class FileThreads: Sendable {
    private let threads: TaskThreads

    /// The number of calls that wait for a disk at the same time. Several writers that wait for the disk's cache to be flushed wait
    /// for the same flush.
    package static let count = 8

    package init(count: Int = count) throws(SystemError) { threads = try TaskThreads(named: "store", count: count) }

    deinit { threads.stop() }

    func run<Value: Sendable>(
        _ body: @escaping @Sendable () throws(StoreError) -> Value
    ) async throws(StoreError) -> Value {
        let task = Task(executorPreference: threads) { () -> Result<Value, StoreError> in Result(catching: body) }
        return try await task.value.get()
    }

    /// Runs something that nobody waits for.
    func start(_ body: @escaping @Sendable () -> Void) { Task(executorPreference: threads) { body() } }
}
