internal import CGNU
internal import CLinux
internal import Glibc

/// Starts a detached thread with a name.
///
/// All signals are blocked on the thread, except those that report a crash. Signals are handled elsewhere in the
/// process, and libraries take a blocking call that a signal interrupts for a failed one.
///
/// - Parameters:
///   - name: the name that `ps -L` and `top -H` show, of at most 15 bytes.
///   - stackSize: in bytes; nil for the system's default. Only pages that the thread touches cost memory.
/// - Throws: if the system does not grant a thread.
package func startThread(
    named name: String, stackSize: Int? = nil, _ body: sending @escaping () -> Void
) throws(SystemError) {
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    defer { pthread_attr_destroy(&attributes) }
    if let stackSize { pthread_attr_setstacksize(&attributes, stackSize) }

    // A thread starts with the signal mask of its creator, so the signals are blocked from its first instruction.
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

/// The arguments of the new thread.
private final class Start {
    let name: String
    let body: () -> Void

    init(_ name: String, _ body: @escaping () -> Void) {
        self.name = name
        self.body = body
    }
}
