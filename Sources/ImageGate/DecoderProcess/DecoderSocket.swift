internal import Glibc
internal import System

/// The gate's end of the socket to a decoder process. The process may send nothing or read nothing, so each wait has a
/// deadline.
struct DecoderSocket: ~Copyable {
    typealias Deadline = ContinuousClock.Instant

    private let descriptor: CInt

    /// - Parameter descriptor: a connected socket, which this value owns from now on.
    init(owning descriptor: CInt) { self.descriptor = descriptor }

    deinit { close(descriptor) }

    /// Whether there is nothing to read, and the other end is open, as is the case while a decoder process waits for an
    /// image.
    var isQuiet: Bool {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&entry, 1, 0) == 0
    }

    func send(_ words: [Int], by deadline: Deadline) throws(DecoderError) {
        try words.withUnsafeBufferPointer { words throws(DecoderError) in
            try send(UnsafeRawBufferPointer(words), by: deadline)
        }
    }

    func send(_ bytes: [UInt8], by deadline: Deadline) throws(DecoderError) {
        try bytes.withUnsafeBufferPointer { bytes throws(DecoderError) in
            try send(UnsafeRawBufferPointer(bytes), by: deadline)
        }
    }

    func receive(words count: Int, by deadline: Deadline) throws(DecoderError) -> [Int] {
        var words = [Int](repeating: 0, count: count)
        try words.withUnsafeMutableBufferPointer { words throws(DecoderError) in
            try receive(into: UnsafeMutableRawBufferPointer(words), by: deadline)
        }
        return words
    }

    func receive(bytes count: Int, by deadline: Deadline) throws(DecoderError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        try bytes.withUnsafeMutableBufferPointer { bytes throws(DecoderError) in
            try receive(into: UnsafeMutableRawBufferPointer(bytes), by: deadline)
        }
        return bytes
    }

    private func send(_ bytes: UnsafeRawBufferPointer, by deadline: Deadline) throws(DecoderError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = UnsafeRawBufferPointer(rebasing: rest)
            let count = Glibc.send(descriptor, piece.baseAddress, piece.count, CInt(MSG_DONTWAIT) | CInt(MSG_NOSIGNAL))
            if count > 0 { rest = rest.dropFirst(count) } else { try wait(for: POLLOUT, by: deadline) }
        }
    }

    private func receive(into bytes: UnsafeMutableRawBufferPointer, by deadline: Deadline) throws(DecoderError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = UnsafeMutableRawBufferPointer(rebasing: rest)
            let count = recv(descriptor, piece.baseAddress, piece.count, CInt(MSG_DONTWAIT))
            guard count != 0 else { throw .hungUp }
            if count > 0 { rest = rest.dropFirst(count) } else { try wait(for: POLLIN, by: deadline) }
        }
    }

    /// Waits if the `errno` of the failed call says that waiting can help.
    private func wait(for event: CInt, by deadline: Deadline) throws(DecoderError) {
        guard errno == EAGAIN || errno == EINTR else { throw .hungUp }
        let left = deadline - .now
        guard left > .zero else { throw .tooSlow }
        var entry = pollfd(fd: descriptor, events: Int16(event), revents: 0)
        // The time is rounded up, because a wait of 0 ms would spin. The result of poll is ignored, because the next
        // call returns the same error.
        _ = poll(&entry, 1, CInt(left.wholeMilliseconds))
    }
}
