import System

/// Runs what blocks on a thread of its own: the cooperative pool is for the code under test.
package func onThread(_ body: @escaping @Sendable () -> Void) {
    do throws(SystemError) { try startThread(named: "test peer", body) } catch { fatalError("no thread: \(error)") }
}
