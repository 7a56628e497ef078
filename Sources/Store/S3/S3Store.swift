package import Fetch
internal import FoundationEssentials
internal import Synchronization
internal import System

/// A store in a bucket of any service that speaks S3. See ``S3Layout``.
///
/// - An object appears at once and whole, the sidecar last. Whoever is killed in between leaves bytes without a sidecar, or parts of
///   an upload, until a sweep removes them.
/// - The time of a file's last use is that of its sidecar's last write.
/// - Logs and the secret of links need a service that honours `If-None-Match: *`, as Amazon's, MinIO's, Ceph's and SeaweedFS do, and
///   that keeps the metadata of objects, as all do.
package final class S3Store: FileStore {
    let client: S3Client
    let layout: S3Layout
    let limits: StoreLimits
    let round = Mutex(S3SweepRound())

    /// Requests of one call of the store that are under way at the same time.
    static let width = 8

    package init(_ configuration: S3Configuration, limits: StoreLimits = StoreLimits(), fetcher: Fetcher) {
        client = S3Client(configuration, fetcher)
        layout = S3Layout(prefix: configuration.prefix)
        self.limits = limits
    }

    /// It would take a look at every object. A round of the sweep has counted them.
    package var knownBytes: Int? { nil }

    /// Whether the bucket is there and the keys are good for it.
    package func check() async throws(StoreError) {
        _ = try await client.send(.init(query: ["list-type": "2", "max-keys": "1", "prefix": layout.prefix]))
    }

    package func begin(at place: StorePlace, limit: Int) async throws(StoreError) -> any FileWriter {
        S3Writer(self, place, limit: limit)
    }

    package func file(_ id: FileID, of owner: StoreOwner) async throws(StoreError) -> StoredFile {
        let answer = try await client.send(.init(key: layout.sidecar(id, of: owner)))
        guard let sidecar = Sidecar(json: answer.body) else { throw .broken }
        let modified = answer.response.head.headers["last-modified"].flatMap { S3Date.read($0) }
        return stored(id, owner, sidecar, lastUsed: modified ?? sidecar.created)
    }

    package func open(_ file: StoredFile, range: Range<Int>?) async throws(StoreError) -> StoredBytes {
        let range = range ?? 0..<file.size
        precondition(range.lowerBound >= 0 && range.upperBound <= file.size, "a range beyond the file")
        let key = layout.bytes(file.id, of: file.owner)
        guard !range.isEmpty else {
            _ = try await client.send(.init(method: "HEAD", key: key))
            return StoredBytes(length: 0, NoBytes())
        }
        return StoredBytes(length: range.count, try await S3ByteSource(client, key, range))
    }

    package func files(in session: StoreSessionID, of owner: StoreOwner) async throws(StoreError) -> [StoredFile] {
        var objects: [String: S3Object] = [:]
        try await list(layout.folder(StorePlace(owner, session))) { objects[$0.key] = $0 }
        var found: [(id: FileID, modified: Date)] = []
        for object in objects.values {
            // Bytes without a sidecar are not there yet, and a sidecar without bytes is about to be removed.
            guard case .sidecar(let id, owner) = layout.part(object.key), objects[layout.bytes(id, of: owner)] != nil
            else { continue }
            found.append((id, object.modified))
        }
        let sidecars = try await bodies(found.map { layout.sidecar($0.id, of: owner) })
        var files: [StoredFile] = []
        for ((id, modified), body) in zip(found, sidecars) {
            // It may have been deleted meanwhile.
            guard let body, let sidecar = Sidecar(json: body) else { continue }
            files.append(stored(id, owner, sidecar, lastUsed: modified))
        }
        return files.sorted { ($0.created, $0.id.text) < ($1.created, $1.id.text) }
    }

    package func delete(_ id: FileID, of owner: StoreOwner) async throws(StoreError) {
        _ = try await client.send(.init(method: "HEAD", key: layout.sidecar(id, of: owner)))
        try await remove(id, of: owner)
    }

    /// Deletes a file. The sidecar goes first, since it is the file, and once more in the end: a note of its use may have brought it
    /// back meanwhile. Notes that come later find the bytes gone.
    func remove(_ id: FileID, of owner: StoreOwner) async throws(StoreError) {
        for key in [layout.sidecar(id, of: owner), layout.bytes(id, of: owner), layout.sidecar(id, of: owner)] {
            try await delete(key)
        }
    }

    package func touch(_ file: StoredFile) async throws(StoreError) {
        guard Date().timeIntervalSince(file.lastUsed) >= client.configuration.touchInterval.inSeconds else { return }
        let sidecar = Sidecar(details: file.details, size: file.size, sha256: file.sha256, created: file.created)
        let key = layout.sidecar(file.id, of: file.owner)
        _ = try await client.send(.init(method: "HEAD", key: key))
        try await put(key, sidecar.json, type: "application/json")
        do throws(StoreError) {
            _ = try await client.send(.init(method: "HEAD", key: layout.bytes(file.id, of: file.owner)))
        } catch {
            if error == .notFound { try await delete(key) }
            throw error
        }
    }

    package func localPath(of file: StoredFile) -> LocalPath? { nil }

    // MARK: Objects

    func put(_ key: String, _ bytes: [UInt8], type: String) async throws(StoreError) {
        _ = try await client.send(.init(method: "PUT", key: key, headers: [("content-type", type)], body: bytes))
    }

    /// It is no error if there is no such object.
    func delete(_ key: String) async throws(StoreError) {
        _ = try await client.send(.init(method: "DELETE", key: key, accepted: [404]))
    }

    /// The header that tells one write of an object from all others.
    private static let mark = "x-amz-meta-write"

    /// Writes an object unless it is there.
    ///
    /// - Throws: `.conflict` if it is, whatever its bytes are.
    func create(_ key: String, _ bytes: [UInt8]) async throws(StoreError) {
        let mark = IDText.random(22)
        let answer = try await client.send(
            .init(
                method: "PUT", key: key,
                headers: [
                    ("content-type", "application/octet-stream"), ("if-none-match", "*"), (Self.mark, mark),
                ], body: bytes, accepted: [412]))
        guard answer.status == 412 else { return }
        // An earlier attempt may have written it without an answer having arrived. The number of attempts does not tell, since
        // libcurl sends a PUT again by itself where a connection from the pool ends.
        let present = try await client.send(.init(method: "HEAD", key: key, accepted: [404]))
        guard present.status != 404, present.response.head.headers[Self.mark] == mark else { throw .conflict }
    }

    /// Lists the objects whose keys begin with `prefix`.
    func list(_ prefix: String, _ body: (S3Object) -> Void) async throws(StoreError) {
        var last: String?
        repeat {
            let page = try await page(prefix, after: last)
            if let last, page.next == last { throw .failed(call: "S3", reason: "The listing does not go on.") }
            for object in page.objects { body(object) }
            last = page.next
        } while last != nil
    }

    /// A page of at most a thousand objects.
    ///
    /// The next one is asked for by the last key of this, and not by S3's token: that may have a `+` in it, and libcurl 8.14 to
    /// 8.18 do not sign a query rightly that has one.
    func page(_ prefix: String, after key: String? = nil) async throws(StoreError) -> S3Listing {
        var query = ["list-type": "2", "prefix": prefix]
        query["start-after"] = key
        let answer = try await client.send(.init(query: query))
        do throws(XMLLeaves.Malformed) {
            return try S3Listing(xml: answer.body)
        } catch {
            throw .failed(call: "S3", reason: "The listing is malformed.")
        }
    }

    /// The bytes of small objects; nil for one that is not there.
    func bodies(_ keys: [String]) async throws(StoreError) -> [[UInt8]?] {
        let client = client
        let result = await withTaskGroup(of: (Int, Result<[UInt8]?, StoreError>).self) {
            group -> Result<[[UInt8]?], StoreError> in
            var bodies = [[UInt8]?](repeating: nil, count: keys.count)
            var next = 0
            while next < min(Self.width, keys.count) {
                group.addTask { [key = keys[next], next] in (next, await client.body(key)) }
                next += 1
            }
            while let (index, result) = await group.next() {
                switch result {
                case .success(let body): bodies[index] = body
                case .failure(let error):
                    group.cancelAll()
                    return .failure(error)
                }
                guard next < keys.count else { continue }
                group.addTask { [key = keys[next], next] in (next, await client.body(key)) }
                next += 1
            }
            return .success(bodies)
        }
        return try result.get()
    }

    func stored(_ id: FileID, _ owner: StoreOwner, _ sidecar: Sidecar, lastUsed: Date) -> StoredFile {
        StoredFile(
            id: id, owner: owner, details: sidecar.details, size: sidecar.size, sha256: sidecar.sha256,
            created: sidecar.created, lastUsed: lastUsed)
    }
}

extension S3Client {
    /// The bytes of a small object; nil if it is not there.
    fileprivate func body(_ key: String) async -> Result<[UInt8]?, StoreError> {
        do throws(StoreError) {
            let answer = try await send(.init(key: key, accepted: [404]))
            return .success(answer.status == 404 ? nil : answer.body)
        } catch {
            return .failure(error)
        }
    }
}

/// The bytes of an empty range.
private final class NoBytes: StoredByteSource {
    func next() async throws(StoreError) -> [UInt8]? { nil }
    func close() {}
}
