internal import Foundation

/// Reads files of `/proc`, which have no size. Foundation can read them as well, but leaks a buffer each time.
enum ProcFile {
    /// The first 64 KiB of a file; empty if it cannot be read.
    static func text(_ path: String) -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return "" }
        defer { close(descriptor) }
        return String(unsafeUninitializedCapacity: 64 << 10) { buffer in
            max(0, read(descriptor, buffer.baseAddress, buffer.count))
        }
    }
}
