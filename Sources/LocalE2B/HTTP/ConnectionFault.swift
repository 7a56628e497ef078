internal import FlyingFox

/// Ways to end a connection without an answer. FlyingFox runs a WebSocket's handler before it writes anything, and
/// closes the connection when that throws.
enum ConnectionFault {
    private struct NoResponseError: Error {}

    /// Closes the connection at once.
    struct Reset: WSHandler {
        func makeFrames(for client: AsyncThrowingStream<WSFrame, any Error>) async throws -> AsyncStream<WSFrame> {
            throw NoResponseError()
        }
    }

    /// Sends nothing until the client disconnects.
    struct Hang: WSHandler {
        func makeFrames(for client: AsyncThrowingStream<WSFrame, any Error>) async throws -> AsyncStream<WSFrame> {
            for try await _ in client {}
            throw NoResponseError()
        }
    }
}
