internal import CLinux
import Glibc

/// Starts a detached thread with a name and a small stack.
///
/// - Parameter name: at most 15 bytes, as `ps -L` and `top -H` show it.
/// - Returns: `errno` of `pthread_create`, 0 if the thread has started.
func startThread(_ name: String, _ body: @escaping @Sendable () -> Void) -> CInt {
    // What such a thread does is shallow; the handler runs elsewhere. Only the pages touched cost memory.
    let stackSize = 256 << 10
    final class Start: Sendable {
        let name: String
        let body: @Sendable () -> Void
        init(name: String, body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }
    }
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    defer { pthread_attr_destroy(&attributes) }
    pthread_attr_setstacksize(&attributes, stackSize)

    // libfcgi takes EINTR for a failed write, so signals are for other threads; except those of a crash.
    var blocked = sigset_t()
    var previous = sigset_t()
    sigfillset(&blocked)
    for crash in [SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP] { sigdelset(&blocked, crash) }
    pthread_sigmask(SIG_SETMASK, &blocked, &previous)
    defer { pthread_sigmask(SIG_SETMASK, &previous, nil) }

    var thread = pthread_t()
    let start = Unmanaged.passRetained(Start(name: name, body: body))
    let status = pthread_create(
        &thread, &attributes,
        { context in
            guard let context else { return nil }
            let start = Unmanaged<Start>.fromOpaque(context).takeRetainedValue()
            _ = clinux_set_thread_name(pthread_self(), start.name)
            start.body()
            return nil
        }, start.toOpaque())
    if status == 0 { pthread_detach(thread) } else { start.release() }
    return status
}
