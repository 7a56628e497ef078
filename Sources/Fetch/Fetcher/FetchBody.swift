import Synchronization

/// What a request sends after its head.
package enum FetchBody: Sendable {
    case bytes([UInt8])
    /// Pieces that are made while they are sent.
    case pieces(BodySource)
}

/// A request's body as a sequence of pieces, sent once, without ever being whole in memory.
///
/// The first piece is asked for when there is a connection and the head has been sent, and each further one when there is
/// room in a buffer. So a request that never had a connection may be sent again with the same source. One whose source has
/// been asked is never sent twice.
///
/// A sequence that throws, or whose bytes are not as many as it announced, ends the transfer with
/// `FetchError.bodyFailed`, before the last byte is sent, so that no server takes it for a whole one. A sequence has to
/// react to the cancellation of its task: it is cancelled when the transfer ends first, and the transfer's caller then
/// waits for it.
package final class BodySource: Sendable {
    /// The number of bytes; nil if nobody knows, and the body is sent in chunks (RFC 9112, 7.1). Zero is believed: the
    /// sequence is not asked then.
    package let length: Int?
    private let pump: @Sendable (BodySource, BodyPipe) async throws -> Void
    private let state = Mutex(State())

    private struct State {
        var hasBegun = false
        var failure: (any Error)?
    }

    package init<Pieces: AsyncSequence & Sendable>(_ pieces: Pieces, length: Int? = nil)
    where Pieces.Element == [UInt8] {
        self.length = length
        pump = { source, pipe in
            guard await pipe.waitForRoom() else { return }
            guard source.begin() else { throw BodyError.sentBefore }
            var iterator = pieces.makeAsyncIterator()
            while await pipe.waitForRoom(), let piece = try await iterator.next() { try pipe.append(piece) }
            try pipe.finish()
        }
    }

    /// What the sequence has thrown, or what was wrong with it, after `FetchError.bodyFailed`.
    package var failure: (any Error)? { state.withLock { $0.failure } }

    /// Fills the pipe until one of both ends.
    func fill(_ pipe: BodyPipe) async {
        do {
            try await pump(self, pipe)
        } catch {
            // After the transfer's end it is that end which has made the sequence throw.
            pipe.fail { state.withLock { $0.failure = error } }
        }
    }

    /// False if the sequence has been asked before.
    private func begin() -> Bool {
        state.withLock { state in
            defer { state.hasBegun = true }
            return !state.hasBegun
        }
    }
}

/// What may be wrong with the pieces of a body.
package enum BodyError: Error, Equatable, Sendable {
    /// They are more, or fewer, bytes than was announced.
    case wrongLength(announced: Int)
    /// They have been sent before, at least in part.
    case sentBefore
}
