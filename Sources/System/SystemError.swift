internal import Glibc

/// A failed system call and its `errno`.
package struct SystemError: Error, Equatable, Sendable {
    /// The name of the call's manual page, such as `bind`.
    package let call: String
    package let code: CInt

    package init(_ call: String, code: CInt) {
        self.call = call
        self.code = code
    }

    /// Returns the error of the call that has just failed. Call this before any other call, which could change `errno`.
    package static func last(_ call: String) -> SystemError { SystemError(call, code: errno) }

    /// The system's description of the code, such as `Too many open files`.
    package var reason: String {
        // strerror is not used, because threads share its buffer.
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 128) { buffer in
            guard let text = buffer.baseAddress, strerror_r(code, text, buffer.count) == 0 else {
                return "error \(code)"
            }
            return String(cString: text)
        }
    }

    /// What the operator can do about the error; nil if no general advice is known.
    package var remedy: String? {
        switch (code, call) {
        case (EMFILE, _): "raise the limit of open files: ulimit -Hn, LimitNOFILE"
        case (ENFILE, _): "the whole machine has no more files to open: fs.file-max"
        case (_, "pthread_create"), (EAGAIN, "posix_spawn"):
            "more memory (ulimit -v) or more processes (ulimit -u) are needed"
        case (ENOMEM, _): "more memory is needed (ulimit -v)"
        case (EADDRINUSE, _): "something else listens there"
        default: nil
        }
    }

    /// The reason and the remedy, for a sentence that already names what failed.
    package var words: String { reason + (remedy.map { " (\($0))" } ?? "") }

    /// Whether the same call may succeed later: a signal interrupted it, or a non-blocking descriptor was not ready.
    package var isTemporary: Bool { code == EAGAIN || code == EINTR }

    /// Whether the process or the machine has reached its limit of open files.
    package var isOutOfDescriptors: Bool { code == EMFILE || code == ENFILE }
}

extension SystemError: CustomStringConvertible {
    /// The call, the reason and the remedy: `socket: Too many open files (raise the limit of open files: ulimit -Hn,
    /// LimitNOFILE)`.
    package var description: String { "\(call): \(words)" }
}

/// Repeats a system call for as long as a signal interrupts it (EINTR).
///
/// - Returns: what the last call returned. -1 means a failure, which `errno` describes.
package func uninterrupted<Status: SignedInteger>(_ call: () -> Status) -> Status {
    while true {
        let status = call()
        guard status == -1, errno == EINTR else { return status }
    }
}
