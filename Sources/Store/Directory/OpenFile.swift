internal import Glibc
internal import System

/// An open file. It is closed when nobody uses it any more.
final class OpenFile: Sendable {
    let descriptor: CInt

    init(_ path: String, _ flags: CInt, mode: UInt32 = 0o640) throws(SystemError) {
        descriptor = try Descriptor.open(path, flags, mode: mode)
    }

    deinit { close(descriptor) }

    func status() throws(SystemError) -> stat {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .last("fstat") }
        return status
    }

    /// Waits until the bytes are on the disk, where a power cut does not take them back.
    func synchronize() throws(SystemError) {
        guard fdatasync(descriptor) == 0 else { throw .last("fdatasync") }
    }

    /// - Returns: fewer bytes than `count` only at the end of the file.
    func read(_ count: Int, at offset: Int) throws(SystemError) -> [UInt8] {
        var failure: SystemError?
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { room, filled in
            while filled < count {
                let piece = uninterrupted {
                    pread(descriptor, room.baseAddress?.advanced(by: filled), count - filled, offset + filled)
                }
                if piece < 0 { failure = .last("pread") }
                guard piece > 0 else { return }
                filled += piece
            }
        }
        if let failure { throw failure }
        return bytes
    }
}

extension StoreError {
    /// - Parameter error: the failure of a call that changes the store.
    init(_ error: SystemError) {
        switch error.code {
        case ENOENT, ENOTDIR: self = .notFound
        // EFBIG: the limit of a file's size, RLIMIT_FSIZE or the file system's.
        case ENOSPC, EDQUOT, EFBIG: self = .full
        case EROFS, EACCES, EPERM: self = .unwritable(reason: error.description)
        default: self = .failed(call: error.call, reason: error.words)
        }
    }
}

/// Runs calls of the system as one of the store's.
func asStoreError<Value>(_ body: () throws(SystemError) -> Value) throws(StoreError) -> Value {
    do throws(SystemError) { return try body() } catch { throw StoreError(error) }
}
