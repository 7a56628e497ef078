internal import FoundationEssentials
internal import Glibc
internal import Synchronization
internal import System

/// Writes a new file in a folder. Nothing is in the folder before the first few hundred kilobytes, or the commit, so that a small
/// file is made in one step.
final class DirectoryWriter: FileWriter {
    private struct State: ~Copyable {
        /// Pieces that wait to be written.
        var pending: [[UInt8]] = []
        var pendingCount = 0
        var digest = RunningSHA256()
        var file: NewFile?
    }

    /// The number of waiting bytes from which on they are written. A switch of threads costs little beside that.
    private static let highWater = 256 << 10

    private let store: DirectoryStore
    private let place: StorePlace
    private let limit: Int
    private let written = Atomic(0)
    /// One task at a time uses it, and the thread that works for it.
    private let state = Mutex(State())

    init(_ store: DirectoryStore, _ place: StorePlace, limit: Int) {
        self.store = store
        self.place = place
        self.limit = limit
    }

    deinit {
        let file = state.withLock { $0.file.take() }
        if let file { store.threads.start { file.remove() } }
    }

    var count: Int { written.load(ordering: .relaxed) }

    func write(_ piece: [UInt8]) async throws(StoreError) {
        guard piece.count <= limit - count else { throw .tooLarge(limit: limit) }
        written.add(piece.count, ordering: .relaxed)
        let isFull = state.withLock { state in
            state.pending.append(piece)
            state.pendingCount += piece.count
            return state.pendingCount >= Self.highWater
        }
        guard isFull else { return }
        guard !Task.isCancelled else { throw .cancelled }
        try await store.threads.run { [self] () throws(StoreError) in try flush() }
    }

    func commit(_ details: FileDetails, at place: StorePlace) async throws(StoreError) -> StoredFile {
        try await store.threads.run { [self] () throws(StoreError) in
            try flush()
            let (file, sha256) = state.withLock { state in
                let digest = exchange(&state.digest, with: RunningSHA256()).finish()
                return (state.file.take(), digest.hexadecimal)
            }
            guard let file else { preconditionFailure("nothing was flushed") }
            do throws(StoreError) {
                try store.reserve(store.limits.cost(count), for: place.owner)
            } catch {
                file.remove()
                throw error
            }
            do throws(StoreError) {
                return try file.commit(
                    Sidecar(details: details, size: count, sha256: sha256, created: Date()), at: place)
            } catch {
                store.release(store.limits.cost(count), of: place.owner)
                file.remove()
                throw error
            }
        }
    }

    func abandon() async {
        let file = state.withLock { $0.file.take() }
        guard let file else { return }
        _ = try? await store.threads.run { () throws(StoreError) in file.remove() }
    }

    /// Writes what waits.
    private func flush() throws(StoreError) {
        try state.withLock { state throws(StoreError) in
            if state.file == nil { state.file = try NewFile(at: place, store.layout) }
            let pieces = state.pending
            state.pending = []
            state.pendingCount = 0
            for piece in pieces {
                state.digest.update(piece)
                try state.file?.write(piece)
            }
        }
    }
}
