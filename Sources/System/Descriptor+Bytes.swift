internal import Glibc

extension Descriptor {
    /// Reads the bytes that are available. If there are none, a blocking descriptor waits for them.
    ///
    /// - Returns: the number of bytes; 0 at the end of the file.
    package static func read(
        _ descriptor: CInt, into buffer: UnsafeMutableRawBufferPointer
    ) throws(SystemError) -> Int {
        let count = uninterrupted { Glibc.read(descriptor, buffer.baseAddress, buffer.count) }
        guard count >= 0 else { throw .last("read") }
        return count
    }

    /// Reads up to the end of the file. It holds at most `limit` bytes and one block of 64 KiB.
    ///
    /// - Returns: nil if the file has more than `limit` bytes.
    package static func readAll(_ descriptor: CInt, limit: Int) throws(SystemError) -> [UInt8]? {
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = try block.withUnsafeMutableBufferPointer { block throws(SystemError) in
                try read(descriptor, into: UnsafeMutableRawBufferPointer(block))
            }
            if count == 0 { return bytes }
            guard bytes.count + count <= limit else { return nil }
            bytes += block[..<count]
        }
    }

    /// Writes all of the bytes, however long that takes. If the descriptor does not block, perhaps because a process
    /// that shares its file has set `O_NONBLOCK`, it waits with poll(2).
    package static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: CInt) throws(SystemError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = UnsafeRawBufferPointer(rebasing: rest)
            let count = uninterrupted { Glibc.write(descriptor, piece.baseAddress, piece.count) }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if count < 0, errno == EAGAIN {
                var interest = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                _ = poll(&interest, 1, -1)
            } else {
                throw count < 0 ? .last("write") : SystemError("write", code: EIO)
            }
        }
    }

    package static func write(_ bytes: ArraySlice<UInt8>, to descriptor: CInt) throws(SystemError) {
        try bytes.withUnsafeBufferPointer { bytes throws(SystemError) in
            try write(UnsafeRawBufferPointer(bytes), to: descriptor)
        }
    }
}
