import Threads

/// Runs what blocks on a thread of its own: the cooperative pool is for the code under test.
package func onThread(_ body: @escaping @Sendable () -> Void) {
    let status = startThread(named: "test peer", body)
    precondition(status == 0, "no thread: error \(status)")
}
