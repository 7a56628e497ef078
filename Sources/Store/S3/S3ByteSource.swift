internal import Fetch
internal import Synchronization

/// Reads the bytes of an object. A connection that ends early is followed by another one, from where it ended.
final class S3ByteSource: StoredByteSource {
    private struct State {
        var stream: FetchStream?
        /// What has not been read.
        var rest: Range<Int>
        var isClosed = false
        /// How often a connection has ended without having brought a byte.
        var failures = 0
    }

    private static let failureLimit = 3

    private let client: S3Client
    private let key: String
    private let state: Mutex<State>

    /// Asks for the bytes, and waits for the head of the answer.
    ///
    /// - Throws: `.notFound` if the object is gone, `.broken` if it is shorter than that.
    init(_ client: S3Client, _ key: String, _ range: Range<Int>) async throws(StoreError) {
        self.client = client
        self.key = key
        state = Mutex(State(rest: range))
        try await connect(range)
    }

    deinit { close() }

    func next() async throws(StoreError) -> [UInt8]? {
        while true {
            guard !Task.isCancelled else { throw .cancelled }
            let (stream, rest) = state.withLock { ($0.stream, $0.rest) }
            guard !rest.isEmpty else { return nil }
            guard let stream else { throw .cancelled }
            do throws(FetchError) {
                if let piece = try await stream.next() {
                    guard piece.count <= rest.count else { throw FetchError.cut }
                    state.withLock { state in
                        state.rest = rest.dropFirst(piece.count)
                        state.failures = 0
                    }
                    return piece
                }
                throw FetchError.cut
            } catch {
                stream.cancel()
                let isLast = state.withLock { state in
                    state.failures += 1
                    return state.failures > Self.failureLimit || state.isClosed
                }
                guard !isLast, error == .cut || error == .idle || error == .timedOut else { throw StoreError(error) }
                try await connect(rest)
            }
        }
    }

    func close() {
        let stream = state.withLock { state in
            state.isClosed = true
            return state.stream.take()
        }
        stream?.cancel()
    }

    private func connect(_ range: Range<Int>) async throws(StoreError) {
        let (head, stream) = try await client.open(key, range: range)
        // Some servers answer a range with 200, and yet with its bytes only.
        guard let length = head.headers["content-length"].flatMap({ Int($0) }), length == range.count else {
            stream.cancel()
            throw .broken
        }
        let isClosed = state.withLock { state in
            if !state.isClosed { state.stream = stream }
            return state.isClosed
        }
        if isClosed { stream.cancel() }
    }
}
