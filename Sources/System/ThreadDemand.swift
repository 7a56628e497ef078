internal import CLinux
internal import Glibc

/// Threads that a process will need, before it relies on them.
package struct ThreadDemand: Sendable {
    package var count: Int
    /// Bytes; nil for the system's usual size.
    package var stackSize: Int?

    package init(_ count: Int, stackSize: Int? = nil) {
        self.count = count
        self.stackSize = stackSize
    }

    /// What the system does not grant.
    package struct Shortage: Error, Equatable, Sendable, CustomStringConvertible {
        package let granted: Int
        package let wanted: Int
        package let error: SystemError

        package var description: String {
            "the system grants \(granted) of \(wanted) threads (\(error.reason))"
                + (error.remedy.map { ": \($0)" } ?? "")
        }
    }

    /// Starts all of them at once, and lets them end.
    ///
    /// Where memory or processes are limited, a library that cannot start a thread tries again for ever (libdispatch), so a
    /// process would hang without a word. This tells it before.
    ///
    /// - Parameter whileThere: called when all of them are there.
    /// - Throws: when the system does not grant all of them.
    package static func check(_ demands: [ThreadDemand], whileThere: () -> Void = {}) throws(Shortage) {
        // At a fixed address, and locked until all threads are there: that is what they wait for.
        let gate = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
        pthread_mutex_init(gate, nil)
        pthread_mutex_lock(gate)
        var threads: [pthread_t] = []
        var code: Int32 = 0
        start: for demand in demands {
            for _ in 0..<demand.count {
                code = demand.start(gate, &threads)
                if code != 0 { break start }
            }
        }
        if code == 0 { whileThere() }
        pthread_mutex_unlock(gate)
        for thread in threads { pthread_join(thread, nil) }
        pthread_mutex_destroy(gate)
        gate.deallocate()
        guard code != 0 else { return }
        let wanted = demands.reduce(0) { $0 + $1.count }
        throw Shortage(granted: threads.count, wanted: wanted, error: SystemError("pthread_create", code: code))
    }

    private func start(_ gate: UnsafeMutablePointer<pthread_mutex_t>, _ threads: inout [pthread_t]) -> Int32 {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        if let stackSize { pthread_attr_setstacksize(&attributes, stackSize) }
        var thread = pthread_t()
        let code = pthread_create(
            &thread, &attributes,
            { gate in
                guard let gate = gate?.assumingMemoryBound(to: pthread_mutex_t.self) else { return nil }
                pthread_mutex_lock(gate)
                pthread_mutex_unlock(gate)
                return nil
            }, gate)
        if code == 0 { threads.append(thread) }
        return code
    }
}
