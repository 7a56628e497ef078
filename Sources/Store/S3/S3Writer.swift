internal import FoundationEssentials
internal import Synchronization

/// Writes a new file to a bucket. Nothing is sent before a part is full, or the file is committed, so that a small file is one object
/// made in one request. One part is in memory at a time.
final class S3Writer: FileWriter {
    private struct State: ~Copyable {
        /// Bytes that have not been sent.
        var pending: [UInt8] = []
        var digest = RunningSHA256()
        var upload: S3Upload?
    }

    private let store: S3Store
    private let place: StorePlace
    private let limit: Int
    private let written = Atomic(0)
    private let partSize: Int
    /// One task at a time uses it.
    private let state = Mutex(State())

    init(_ store: S3Store, _ place: StorePlace, limit: Int) {
        self.store = store
        self.place = place
        self.limit = limit
        partSize = store.client.configuration.partSize
    }

    deinit {
        let upload = state.withLock { $0.upload.take() }
        if let upload { Task { await upload.abort() } }
    }

    var count: Int { written.load(ordering: .relaxed) }

    func write(_ piece: [UInt8]) async throws(StoreError) {
        guard piece.count <= limit - count else { throw .tooLarge(limit: limit) }
        written.add(piece.count, ordering: .relaxed)
        state.withLock { state in
            state.digest.update(piece)
            state.pending += piece
        }
        while let part = takePart() {
            guard !Task.isCancelled else { throw .cancelled }
            try await send(part)
        }
    }

    func commit(_ details: FileDetails, at place: StorePlace) async throws(StoreError) -> StoredFile {
        let (rest, sha256, upload) = state.withLock { state in
            let digest = exchange(&state.digest, with: RunningSHA256()).finish()
            return (exchange(&state.pending, with: []), digest.hexadecimal, state.upload)
        }
        let sidecar = Sidecar(details: details, size: count, sha256: sha256, created: Date())
        let json = sidecar.json
        guard json.count < Sidecar.limit else { throw .detailsTooLong }
        let id: FileID
        if let upload {
            if !rest.isEmpty { try await upload.send(rest) }
            id = try await upload.complete(at: place)
            // What is left to do without it is to remove the object.
            state.withLock { $0.upload = nil }
        } else {
            id = FileID.random(in: place.session)
            try await store.put(store.layout.bytes(id, of: place.owner), rest, type: "application/octet-stream")
        }
        do throws(StoreError) {
            try await store.put(store.layout.sidecar(id, of: place.owner), json, type: "application/json")
        } catch {
            // It may have been written after all.
            let store = store
            Task { try? await store.remove(id, of: place.owner) }
            throw error
        }
        return store.stored(id, place.owner, sidecar, lastUsed: sidecar.created)
    }

    func abandon() async {
        let upload = state.withLock { state in
            state.pending = []
            return state.upload.take()
        }
        await upload?.abort()
    }

    /// The next part, if there is more than one: the last one is sent with the commit.
    private func takePart() -> [UInt8]? {
        state.withLock { state in
            guard state.pending.count > partSize else { return nil }
            // The array that is sent is the one that was filled, and what follows is little.
            let rest = Array(state.pending[partSize...])
            state.pending.removeSubrange(partSize...)
            return exchange(&state.pending, with: rest)
        }
    }

    private func send(_ part: [UInt8]) async throws(StoreError) {
        let upload: S3Upload
        if let begun = state.withLock({ $0.upload }) {
            upload = begun
        } else {
            upload = try await S3Upload(store, FileID.random(in: place.session), place.owner)
            state.withLock { $0.upload = upload }
        }
        try await upload.send(part)
    }
}
