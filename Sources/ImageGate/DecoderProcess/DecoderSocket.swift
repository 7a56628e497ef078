internal import Glibc

/// Our end of the socket to a decoder, which may say anything, nothing, or not listen: each wait has an end.
struct DecoderSocket: ~Copyable {
    typealias Deadline = ContinuousClock.Instant

    private let descriptor: CInt

    /// - Parameter descriptor: a connected socket, from now on owned.
    init(owning descriptor: CInt) { self.descriptor = descriptor }

    deinit { close(descriptor) }

    /// There is nothing to read, and the other end is open: what a decoder without work is like.
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

    /// After a call that failed: `errno` says whether waiting helps.
    private func wait(for event: CInt, by deadline: Deadline) throws(DecoderError) {
        guard errno == EAGAIN || errno == EINTR else { throw .hungUp }
        let left = deadline - .now
        guard left > .zero else { throw .tooSlow }
        var entry = pollfd(fd: descriptor, events: Int16(event), revents: 0)
        // Rounded up. What poll finds, the next call tells.
        _ = poll(&entry, 1, CInt(clamping: Int((left / .milliseconds(1)).rounded(.up))))
    }
}
