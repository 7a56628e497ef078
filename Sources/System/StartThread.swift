internal import CLinux
internal import Glibc

/// Starts a detached thread with a name.
///
/// Signals are blocked on it, except those of a crash: they are for the process, and a blocking call that one
/// interrupts looks like a failure to the libraries that such threads call.
///
/// - Parameters:
///   - name: at most 15 bytes, as `ps -L` and `top -H` show it.
///   - stackSize: bytes; nil for the system's usual size. Only the pages touched cost memory.
/// - Throws: when the system grants no thread.
package func startThread(
    named name: String, stackSize: Int? = nil, _ body: sending @escaping () -> Void
) throws(SystemError) {
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    defer { pthread_attr_destroy(&attributes) }
    if let stackSize { pthread_attr_setstacksize(&attributes, stackSize) }

    // A thread starts with its maker's mask, so there is no moment in which a signal could reach it.
    var blocked = sigset_t()
    var previous = sigset_t()
    sigfillset(&blocked)
    for crash in [SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP] { sigdelset(&blocked, crash) }
    pthread_sigmask(SIG_SETMASK, &blocked, &previous)
    defer { pthread_sigmask(SIG_SETMASK, &previous, nil) }

    var thread = pthread_t()
    let start = Unmanaged.passRetained(Start(name, body))
    let status = pthread_create(
        &thread, &attributes,
        { context in
            guard let context else { return nil }
            let start = Unmanaged<Start>.fromOpaque(context).takeRetainedValue()
            _ = clinux_set_thread_name(pthread_self(), start.name)
            start.body()
            return nil
        }, start.toOpaque())
    guard status == 0 else {
        start.release()
        throw SystemError("pthread_create", code: status)
    }
    pthread_detach(thread)
}

/// What the new thread is handed.
private final class Start {
    let name: String
    let body: () -> Void

    init(_ name: String, _ body: @escaping () -> Void) {
        self.name = name
        self.body = body
    }
}
