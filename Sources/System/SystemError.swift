internal import Glibc

/// What Linux says of a call that failed: its `errno`, in words.
package struct SystemError: Error, Equatable, Sendable {
    /// The name of its manual page: `bind`.
    package let call: String
    package let code: CInt

    package init(_ call: String, code: CInt) {
        self.call = call
        self.code = code
    }

    /// Of the call that has failed just now. To be asked first of all: the next call has an `errno` of its own.
    package static func last(_ call: String) -> SystemError { SystemError(call, code: errno) }

    /// The system's words, such as `Too many open files`.
    package var reason: String {
        // Not strerror: its buffer is shared between threads.
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 128) { buffer in
            guard let text = buffer.baseAddress, strerror_r(code, text, buffer.count) == 0 else {
                return "error \(code)"
            }
            return String(cString: text)
        }
    }

    /// What whoever started the process can do about it, where that is known.
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

    /// The system's words, and what helps. For a sentence that says itself what was tried.
    package var words: String { reason + (remedy.map { " (\($0))" } ?? "") }

    /// The same call may succeed in a moment: a signal came, or there is nothing to do for a descriptor that does not block.
    package var isTemporary: Bool { code == EAGAIN || code == EINTR }

    /// The process, or the machine, has no further file to open.
    package var isOutOfDescriptors: Bool { code == EMFILE || code == ENFILE }
}

extension SystemError: CustomStringConvertible {
    /// As in `socket: Too many open files (raise the limit of open files: ulimit -Hn, LimitNOFILE)`.
    package var description: String { "\(call): \(words)" }
}

/// Makes a call again for as long as it fails because a signal came (EINTR).
///
/// - Returns: what the call returned last. -1 for a failure, as ever: `errno` says which.
package func uninterrupted<Status: SignedInteger>(_ call: () -> Status) -> Status {
    while true {
        let status = call()
        guard status == -1, errno == EINTR else { return status }
    }
}
