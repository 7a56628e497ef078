import Foundation
import Synchronization

/// The one thread that starts child processes.
///
/// Each child asks the kernel for SIGKILL when its parent dies (`setpriv --pdeathsig`), so that a test runner that
/// crashes leaves nothing running. The kernel takes "parent" to be the thread that forked, and threads of the
/// cooperative pool come and go; this one stays as long as the process.
final class SpawnThread: Sendable {
    static let shared = SpawnThread()

    private typealias Job = @Sendable () -> Void
    private let jobs = Mutex<[Job]>([])
    private let available = DispatchSemaphore(value: 0)

    private init() {
        let thread = Thread { [self] in
            while true {
                available.wait()
                jobs.withLock { $0.removeFirst() }()
            }
        }
        thread.name = "spawn"
        thread.start()
    }

    func run(_ spawn: @escaping @Sendable () throws -> Void) async throws {
        try await withCheckedThrowingContinuation { continuation in
            jobs.withLock { $0.append { continuation.resume(with: Result { try spawn() }) } }
            available.signal()
        }
    }
}
