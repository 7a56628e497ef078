/// Streams that something has come for, and whose readers do not know it yet.
///
/// Head, body and end of a small response come in one read of the socket. A reader that is woken after it, and not three
/// times in it, runs once. Not Sendable: the driver's thread has it.
final class PendingWakeups {
    private var streams: [FetchStream] = []

    func add(_ stream: FetchStream) {
        if streams.last !== stream { streams.append(stream) }
    }

    func wakeReaders() {
        guard !streams.isEmpty else { return }
        for stream in streams { stream.wakeReader() }
        streams.removeAll(keepingCapacity: true)
    }
}
