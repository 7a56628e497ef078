import CLinux
import Glibc

/// Starts a detached thread, on which signals are blocked: they are for the process, not for a driver. False: no room.
///
/// - Parameter name: at most 15 bytes.
func startThread(named name: String, _ body: sending @escaping () -> Void) -> Bool {
    final class Start {
        let name: String
        let body: () -> Void
        init(_ name: String, _ body: @escaping () -> Void) {
            self.name = name
            self.body = body
        }
    }
    let start = Unmanaged.passRetained(Start(name, body))
    var everything = sigset_t()
    var before = sigset_t()
    sigfillset(&everything)
    // A thread starts with its maker's mask, so there is no moment in which a signal could reach it.
    pthread_sigmask(SIG_SETMASK, &everything, &before)
    defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
    var thread = pthread_t()
    let status = pthread_create(
        &thread, nil,
        { context in
            guard let context else { return nil }
            let start = Unmanaged<Start>.fromOpaque(context).takeRetainedValue()
            _ = clinux_set_thread_name(pthread_self(), start.name)
            start.body()
            return nil
        }, start.toOpaque())
    guard status == 0 else {
        start.release()
        return false
    }
    pthread_detach(thread)
    return true
}
