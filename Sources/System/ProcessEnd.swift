internal import Glibc

/// How a child process ended, and the processor time that it used.
package struct ProcessEnd: Equatable, Sendable {
    package enum Cause: Equatable, Sendable {
        case exited(status: CInt)
        case killed(signal: CInt)
    }

    package let cause: Cause
    /// The processor time of all the process's threads, in user mode and in the kernel.
    package let processorTime: Duration

    /// Waits until the child process has ended, and reaps it. The kernel may then give the same process id to a new
    /// process.
    package static func wait(for process: CInt) throws(SystemError) -> ProcessEnd {
        var status: CInt = 0
        var usage = rusage()
        guard uninterrupted({ wait4(process, &status, 0, &usage) }) == process else { throw .last("wait4") }
        let signal = status & 0x7F
        return ProcessEnd(
            cause: signal == 0 ? .exited(status: status >> 8 & 0xFF) : .killed(signal: signal),
            processorTime: Duration(usage.ru_utime) + Duration(usage.ru_stime))
    }
}

extension Duration {
    fileprivate init(_ time: timeval) { self = .seconds(time.tv_sec) + .microseconds(Int(time.tv_usec)) }
}
