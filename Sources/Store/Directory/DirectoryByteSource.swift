internal import System
internal import Synchronization

/// Reads the bytes of a file in a folder.
final class DirectoryByteSource: StoredByteSource {
    private struct State {
        var file: OpenFile?
        var rest: Range<Int>
    }

    /// Bytes. A switch of threads costs little beside reading that many.
    private static let pieceSize = 256 << 10

    private let state: Mutex<State>
    private let threads: FileThreads

    init(_ file: OpenFile, _ range: Range<Int>, _ threads: FileThreads) {
        state = Mutex(State(file: file, rest: range))
        self.threads = threads
    }

    func next() async throws(StoreError) -> [UInt8]? {
        guard !Task.isCancelled else { throw .cancelled }
        let (open, rest) = state.withLock { ($0.file, $0.rest) }
        guard let open, !rest.isEmpty else { return nil }
        let count = min(rest.count, Self.pieceSize)
        let piece = try await threads.run { () throws(StoreError) in
            try asStoreError { () throws(SystemError) in try open.read(count, at: rest.lowerBound) }
        }
        // Only a damaged disk, or a person, makes a file shorter.
        guard piece.count == count else { throw .broken }
        state.withLock { $0.rest = rest.dropFirst(count) }
        return piece
    }

    func close() { state.withLock { $0.file = nil } }
}
