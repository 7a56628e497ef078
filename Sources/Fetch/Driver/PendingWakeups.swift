/// Streams for which something has arrived, and whose readers have not been woken yet.
///
/// The head, the body and the end of a small response arrive in one read of the socket. Its reader is woken once after
/// that, and not three times. Only the driver's thread uses this.
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
