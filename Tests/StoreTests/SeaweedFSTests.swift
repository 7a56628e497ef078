import Fetch
import FoundationEssentials
import Store
import TestSupport
import Testing

/// What a real S3 takes and a test double may not know of.
@Suite(
    .timeLimit(.minutes(5)), .sharedSeaweedFS,
    .enabled("SeaweedFS, a package of PyPI's, can be installed") { await SeaweedFS.absence() == nil })
struct SeaweedFSTests {
    private let place = StorePlace(StoreOwner(hashing: "a key"), .random())

    private func store(secret: String = SeaweedFS.secretAccessKey, bucket: String = "bucket") throws -> S3Store {
        let server = try #require(SharedSeaweedFS.current)
        var configuration = S3Configuration.forTests(at: server.url, secret: secret, partSize: 5 << 20)
        configuration.bucket = bucket
        return S3Store(configuration, fetcher: try Fetcher())
    }

    @Test func `a large file goes in parts, and comes back whole and in part`() async throws {
        let store = try store()
        let bytes = sampleBytes(12 << 20)
        let file = try await store.create(
            .init(name: "large.bin"), at: place, limit: bytes.count, Pieces(bytes: bytes, size: 3 << 20))
        #expect(file.size == bytes.count)
        #expect(try await store.open(file).collect() == bytes)
        let range = 5_000_000..<5_400_000
        #expect(try await store.open(file, range: range).collect() == Array(bytes[range]))
        try await store.delete(file.id, of: place.owner)
    }

    @Test func `a large file that belongs elsewhere is copied there by the service`() async throws {
        let store = try store()
        let bytes = sampleBytes(11 << 20)
        let writer = try await store.begin(at: place, limit: .max)
        try await writer.write(bytes)
        let other = StorePlace(StoreOwner(hashing: "another key"), .random())
        let file = try await writer.commit(.init(name: "large.bin"), at: other)
        #expect(try await store.open(file).collect() == bytes)
        #expect(try await store.files(in: place.session, of: place.owner).isEmpty)
    }

    @Test func `parts of an upload that was let go are no file`() async throws {
        let store = try store()
        let writer = try await store.begin(at: place, limit: .max)
        try await writer.write(sampleBytes(6 << 20))
        await writer.abandon()
        #expect(try await store.files(in: place.session, of: place.owner).isEmpty)
        while try await !store.sweep().isComplete {}
    }

    @Test func `a session of many files is listed, and a sweep leaves what is new`() async throws {
        let store = try store()
        // Two objects each: more than a page of a listing.
        let names = (0..<8).map { worker in (0..<65).map { "\(worker)-\($0)" } }
        try await withThrowingTaskGroup { group in
            for names in names {
                group.addTask {
                    for name in names { _ = try await store.create(.init(name: name), at: place, bytes: [1]) }
                }
            }
            try await group.waitForAll()
        }
        while try await !store.sweep().isComplete {}
        let files = try await store.files(in: place.session, of: place.owner)
        #expect(files.count == 8 * 65 && Set(files.map(\.details.name)) == Set(names.joined()))
    }

    @Test func `wrong keys and a wrong bucket are told apart`() async throws {
        await #expect(throws: StoreError.denied(reason: "S3 says 403 SignatureDoesNotMatch.")) {
            try await store(secret: "another").check()
        }
        await #expect(throws: StoreError.failed(call: "S3", reason: "There is no such bucket.")) {
            try await store(bucket: "elsewhere").check()
        }
        try await store().check()
    }
}
