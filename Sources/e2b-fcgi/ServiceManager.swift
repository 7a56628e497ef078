import EventLoop
import Glibc
import System

/// The service manager that has started this process, such as systemd: what it has passed, and what it is told.
struct ServiceManager: Sendable {
    /// What this process was started with. It is taken out of the environment when this is first used, which ``ProcessStart``
    /// does, so no child process finds it.
    static let shared = ServiceManager()

    let passed = PassedDescriptors.take()
    private let socket = NotifySocket.take()
    /// The time within which the service manager wants to hear of this process again and again; nil if it does not.
    private let watchdog = takeWatchdog()

    private init() {}

    private static func takeWatchdog() -> Duration? {
        let names = ["WATCHDOG_USEC", "WATCHDOG_PID"]
        let values = names.map { name in getenv(name).map { String(cString: $0) } }
        for name in names { unsetenv(name) }
        guard let time = values[0].flatMap({ Int($0) }), time > 0 else { return nil }
        // Without a process it is for every one: sd_watchdog_enabled(3).
        guard let process = values[1] else { return .microseconds(time) }
        return pid_t(process) == getpid() ? .microseconds(time) : nil
    }

    /// - Parameter status: for `systemctl status`.
    func tellReady(_ status: String) { socket?.send([("READY", "1"), ("STATUS", status)]) }

    /// A message of ``tellReady(_:)`` has to follow.
    func tellReloading() {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        let time = Int(now.tv_sec) * 1_000_000 + Int(now.tv_nsec) / 1000
        socket?.send([("RELOADING", "1"), ("MONOTONIC_USEC", "\(time)"), ("STATUS", "reloading the configuration")])
    }

    /// - Parameter time: what stopping takes at most. A service manager that would have less patience is asked for more.
    func tellStopping(within time: Duration, _ status: String) {
        socket?.send([
            ("STOPPING", "1"), ("EXTEND_TIMEOUT_USEC", "\(time.wholeSeconds * 1_000_000)"), ("STATUS", status),
        ])
    }

    /// Tells the service manager again and again that the process is alive, until the task is cancelled, if it wants that. It is
    /// told only when each of the loops has run a task since, so a loop that hangs has the process ended and started anew.
    func keepTellingLife(of loops: [EventLoop]) async {
        guard let socket, let watchdog else { return }
        while !Task.isCancelled {
            for loop in loops { await Task(executorPreference: loop) {}.value }
            socket.send([("WATCHDOG", "1")])
            // sd_watchdog_enabled(3) recommends half of the time.
            try? await Task.sleep(for: watchdog / 2)
        }
    }
}
