internal import Fetch
internal import Synchronization

/// An upload of one object in parts. The object appears when it is completed.
final class S3Upload: Sendable {
    private let store: S3Store
    private let file: FileID
    private let owner: StoreOwner
    private let key: String
    private let id: String
    /// What S3 calls the parts that it has, the first one first.
    private let tags = Mutex<[String]>([])

    /// The service may copy all of the parts.
    private static let completionDeadline = Duration.seconds(300)

    init(_ store: S3Store, _ file: FileID, _ owner: StoreOwner) async throws(StoreError) {
        self.store = store
        self.file = file
        self.owner = owner
        key = store.layout.bytes(file, of: owner)
        let answer = try await store.client.send(
            .init(
                method: "POST", key: key, query: ["uploads": ""],
                headers: [("content-type", "application/octet-stream")]))
        var id = ""
        do throws(XMLLeaves.Malformed) {
            try XMLLeaves.read(answer.body) { path, text in if path.last == "UploadId" { id = text } }
        } catch {}
        guard !id.isEmpty else { throw .failed(call: "S3", reason: "An upload has no id.") }
        self.id = id
    }

    func send(_ part: [UInt8]) async throws(StoreError) {
        let number = tags.withLock { $0.count + 1 }
        let answer = try await store.client.send(
            .init(method: "PUT", key: key, query: ["partNumber": "\(number)", "uploadId": id], body: part))
        guard let tag = answer.response.head.headers["etag"] else {
            throw .failed(call: "S3", reason: "A part has no ETag.")
        }
        tags.withLock { $0.append(tag) }
    }

    /// Makes the object appear.
    ///
    /// - Parameter place: where the file belongs. If that is elsewhere, the service copies it there.
    func complete(at place: StorePlace) async throws(StoreError) -> FileID {
        var xml = "<CompleteMultipartUpload>"
        for (index, tag) in tags.withLock({ $0 }).enumerated() {
            let tag = tag.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing("\"", with: "&quot;")
            xml += "<Part><PartNumber>\(index + 1)</PartNumber><ETag>\(tag)</ETag></Part>"
        }
        xml += "</CompleteMultipartUpload>"
        let answer = try await store.client.send(
            .init(
                method: "POST", key: key, query: ["uploadId": id], headers: [("content-type", "application/xml")],
                body: Array(xml.utf8), accepted: [404], deadline: Self.completionDeadline))
        if answer.status == 404 {
            // An earlier attempt may have completed it without an answer having arrived.
            guard answer.attempts > 1 else { throw .broken }
            _ = try await store.client.send(.init(method: "HEAD", key: key))
        } else if let failure = S3Failure(xml: answer.body) {
            // S3 begins its answer before it knows the end.
            throw .unreachable(reason: "S3 says \(failure.code).")
        }
        guard place != StorePlace(owner, file.session) else { return file }
        let copy = FileID.random(in: place.session)
        do throws(StoreError) {
            let answer = try await store.client.send(
                .init(
                    method: "PUT", key: store.layout.bytes(copy, of: place.owner),
                    headers: [("x-amz-copy-source", store.client.address.source(key))], body: [],
                    deadline: Self.completionDeadline))
            if let failure = S3Failure(xml: answer.body) { throw .unreachable(reason: "S3 says \(failure.code).") }
        } catch {
            try? await store.delete(key)
            throw error
        }
        // A sweep removes it otherwise.
        try? await store.delete(key)
        return copy
    }

    /// Has the service forget the parts. A sweep does it where this fails.
    func abort() async {
        // The upload may have ended with its task's cancellation, and this must not.
        await Task { [store, key, id] in
            _ = try? await store.client.send(
                .init(method: "DELETE", key: key, query: ["uploadId": id], accepted: [404]))
        }.value
    }
}
