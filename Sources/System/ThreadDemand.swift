internal import CGNU
internal import CLinux
internal import Glibc

/// A number of threads that a process is going to need, and their stack size.
package struct ThreadDemand: Sendable {
    package var count: Int
    /// The stack size of each thread in bytes; nil for the system's default.
    package var stackSize: Int?

    package init(_ count: Int, stackSize: Int? = nil) {
        self.count = count
        self.stackSize = stackSize
    }

    /// The system grants fewer threads than the process needs.
    package struct Shortage: Error, Equatable, Sendable, CustomStringConvertible {
        package let granted: Int
        package let wanted: Int
        package let error: SystemError

        package var description: String {
            "the system grants \(granted) of \(wanted) threads (\(error.reason))"
                + (error.remedy.map { ": \($0)" } ?? "")
        }
    }

    /// Checks that the system grants all of the threads at the same time: starts them, and then lets them end.
    ///
    /// libdispatch retries for ever if it cannot start a thread because memory or processes are limited. A process
    /// would then hang without a message. This check reports the shortage at the start instead.
    ///
    /// - Parameter whileThere: called while all of the threads exist.
    /// - Throws: ``Shortage`` if the system does not grant all of them.
    package static func check(_ demands: [ThreadDemand], whileThere: () -> Void = {}) throws(Shortage) {
        // The mutex is at a fixed address. It stays locked until all threads exist, and each thread waits for it.
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
