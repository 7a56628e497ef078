import Glibc

/// The system's words for an `errno`.
func explain(_ code: CInt) -> String {
    // Not strerror: its buffer is shared between threads.
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 128) { buffer in
        guard let text = buffer.baseAddress, strerror_r(code, text, buffer.count) == 0 else { return "error \(code)" }
        return String(cString: text)
    }
}
