import Fetch
import FoundationEssentials
import Store
import Synchronization
import TestSupport
import Testing

/// What an S3 does that it should not.
@Suite(.timeLimit(.minutes(10)))
struct S3FaultTests {
    private typealias Fault = LoopbackS3.Fault
    private let place = StorePlace(StoreOwner(hashing: "somebody"), .random())

    private func store(_ s3: LoopbackS3, partSize: Int = 1000, secret: String = "secret") throws -> S3Store {
        var configuration = S3Configuration(
            bucket: LoopbackS3.bucket, prefix: "a/b", endpoint: s3.url,
            credentials: AWSCredentials(accessKeyID: "AKEXAMPLE", secretAccessKey: secret))
        configuration.partSize = partSize
        configuration.firstPause = .milliseconds(1)
        configuration.touchInterval = .zero
        return S3Store(configuration, fetcher: try Fetcher())
    }

    /// A store whose service fails for good, and which does not wait long for it.
    private func impatientStore(_ s3: LoopbackS3) throws -> S3Store {
        var configuration = S3Configuration(
            bucket: LoopbackS3.bucket, endpoint: s3.url,
            credentials: AWSCredentials(accessKeyID: "AKEXAMPLE", secretAccessKey: "secret"))
        configuration.firstPause = .milliseconds(1)
        configuration.idleTimeout = .milliseconds(300)
        configuration.deadline = .seconds(1)
        return S3Store(configuration, fetcher: try Fetcher())
    }

    private func file(_ store: S3Store, _ bytes: [UInt8] = sampleBytes(2500)) async throws -> StoredFile {
        try await store.create(FileDetails(name: "a.bin"), at: place, bytes: bytes)
    }

    // MARK: Answers

    @Test(
        arguments: [
            (.status(403, code: "AccessDenied"), .denied(reason: "S3 says 403 AccessDenied.")),
            (.status(404, code: "NoSuchKey"), .notFound),
            (.status(404, code: "NoSuchBucket"), .failed(call: "S3", reason: "There is no such bucket.")),
            (.status(500, code: "InternalError"), .unreachable(reason: "S3 says 500 InternalError.")),
            (.status(503, code: "SlowDown"), .busy(retryAfter: nil)),
            (.status(503, code: "SlowDown", headers: ["Retry-After: 60"]), .busy(retryAfter: .seconds(60))),
            (.status(507, code: "InsufficientStorage"), .full),
            (
                .status(301, code: "PermanentRedirect"),
                .failed(call: "S3", reason: "S3 says 301 PermanentRedirect. The bucket is elsewhere.")
            ),
            (.cutBefore, .unreachable(reason: "S3 has closed the connection.")),
            (.silence, .unreachable(reason: "S3 did not answer in time.")),
        ] as [(LoopbackS3.Fault, StoreError)])
    func `a service that fails for good ends each call with its reason`(
        fault: LoopbackS3.Fault, expected: StoreError
    ) async throws {
        let s3 = LoopbackS3 { _, _ in fault }
        let store = try impatientStore(s3)
        let session = StoreSessionID.random()
        let id = FileID.random(in: session)
        await #expect(throws: expected) { try await store.file(id, of: place.owner) }
        await #expect(throws: expected) { try await store.files(in: session, of: place.owner) }
        await #expect(throws: expected) { try await store.create(.init(name: "a"), at: place, bytes: [1]) }
        await #expect(throws: expected) { try await store.append([1], at: 0, to: session, of: place.owner) }
        await #expect(throws: expected) { try await store.sweep() }
        #expect(s3.keys.isEmpty)
    }

    @Test func `repetitions are bounded`() async throws {
        let s3 = LoopbackS3 { _, _ in .status(503, code: "SlowDown") }
        await #expect(throws: StoreError.busy(retryAfter: nil)) { try await store(s3).check() }
        #expect((2...5).contains(s3.log.count))
    }

    @Test func `a refusal is not repeated`() async throws {
        let s3 = LoopbackS3()
        let store = try store(s3, secret: "another")
        await #expect(throws: StoreError.denied(reason: "S3 says 403 SignatureDoesNotMatch.")) {
            try await store.check()
        }
        #expect(s3.log.count == 1)
    }

    @Test(
        arguments: [
            .status(500, code: "InternalError"), .status(502, code: ""), .status(503, code: "SlowDown"),
            .status(429, code: "TooManyRequests"), .status(400, code: "RequestTimeout"), .cutBefore, .cutAfter,
            .status(503, code: "SlowDown", headers: ["Retry-After: 0"]),
        ] as [LoopbackS3.Fault])
    func `what fails once is done again, whichever request it is`(fault: LoopbackS3.Fault) async throws {
        // Each request fails the first time.
        let s3 = LoopbackS3(pageSize: 2) { _, count in count == 0 ? fault : nil }
        let store = try store(s3)
        let small = try await file(store, [1, 2, 3])
        let large = try await file(store)
        #expect(try await store.open(large).collect() == sampleBytes(2500))
        #expect(try await store.open(large, range: 999..<2001).collect() == Array(sampleBytes(2500)[999..<2001]))
        #expect(try await store.files(in: place.session, of: place.owner).map(\.id) == [small.id, large.id])
        try await store.touch(small)
        let log = LogID.random()
        try await store.append([1], at: 0, to: log, of: place.owner)
        try await store.append([2], at: 1, to: log, of: place.owner)
        #expect(try await store.entries(of: log, of: place.owner) == [[1], [2]])
        await #expect(throws: StoreError.conflict) { try await store.append([3], at: 1, to: log, of: place.owner) }
        try await store.deleteLog(log, of: place.owner)
        #expect(try await store.linkSecret() == store.linkSecret())
        try await store.delete(small.id, of: place.owner)
        try await store.delete(large.id, of: place.owner)
        // An upload may have been begun twice.
        s3.age(by: 30 * 86_400)
        while try await !store.sweep().isComplete {}
        #expect(s3.keys == ["a/b/.link-secret"])
        #expect(s3.uploadCount == 0)
        #expect(s3.refusals.isEmpty)
    }

    @Test(
        arguments: [.cutAfter, .cutBefore, .status(409, code: "ConditionalRequestConflict")] as [LoopbackS3.Fault],
        [1, 2])
    func `an entry whose answer was lost is one's own, and nobody else's with the same bytes`(
        fault: LoopbackS3.Fault, failures: Int
    ) async throws {
        // A request that gets no answer on a connection that was used before is sent twice unseen.
        let s3 = LoopbackS3 { call, count in call.hasPrefix("PUT") && count < failures ? fault : nil }
        let (one, other) = (try store(s3), try store(s3))
        try await one.check()
        let log = LogID.random()
        for index in 0..<3 { try await one.append([7], at: index, to: log, of: place.owner) }
        for store in [one, other] {
            await #expect(throws: StoreError.conflict) {
                try await store.append([7], at: 2, to: log, of: place.owner)
            }
        }
        #expect(try await one.entries(of: log, of: place.owner) == [[7], [7], [7]])
    }

    @Test(arguments: [1, 2])
    func `an entry that comes second is refused even if the answer was lost`(failures: Int) async throws {
        let s3 = LoopbackS3 { call, count in
            call.hasPrefix("PUT") && (1...failures).contains(count) ? .cutAfter : nil
        }
        let (one, other) = (try store(s3), try store(s3))
        let log = LogID.random()
        try await one.append([7], at: 0, to: log, of: place.owner)
        try await other.check()
        await #expect(throws: StoreError.conflict) { try await other.append([7], at: 0, to: log, of: place.owner) }
    }

    @Test(arguments: [.cutAfter, .cutBefore, .status(409, code: "ConditionalRequestConflict")] as [LoopbackS3.Fault])
    func `a secret whose answer was lost is the one that counts`(fault: LoopbackS3.Fault) async throws {
        let s3 = LoopbackS3 { call, count in call.hasPrefix("PUT") && count < 2 ? fault : nil }
        let secret = try await store(s3).linkSecret()
        #expect(try await store(s3).linkSecret() == secret)
        #expect(s3.object("a/b/.link-secret")?.bytes == secret)
    }

    // MARK: Bytes

    @Test(arguments: [.cutBody(700), .cutBody(0)] as [LoopbackS3.Fault])
    func `a download goes on where it was cut`(fault: LoopbackS3.Fault) async throws {
        let cuts = Atomic(0)
        let s3 = LoopbackS3 { call, _ in
            call.hasPrefix("GET") && !call.hasSuffix(".json") && cuts.add(1, ordering: .relaxed).newValue <= 3
                ? fault : nil
        }
        let store = try store(s3)
        let file = try await file(store)
        #expect(try await store.open(file).collect() == sampleBytes(2500))
        #expect(cuts.load(ordering: .relaxed) == 4)
    }

    @Test func `a download that never goes on ends`() async throws {
        let s3 = LoopbackS3 { call, _ in call.hasPrefix("GET") ? .stall(0) : nil }
        let store = try impatientStore(s3)
        let file = try await file(store)
        await #expect(throws: StoreError.unreachable(reason: "S3 did not answer in time.")) {
            try await store.open(file).collect()
        }
    }

    @Test func `bytes that are not as many as they were are broken`() async throws {
        let s3 = LoopbackS3()
        let store = try store(s3)
        let file = try await file(store, [1, 2, 3])
        let key = try #require(s3.keys.first { !$0.hasSuffix(".json") })
        s3.put(key, [1, 2])
        await #expect(throws: StoreError.broken) { try await store.open(file) }
    }

    @Test func `what is opened can be let go`() async throws {
        let s3 = LoopbackS3()
        let store = try store(s3)
        let file = try await file(store)
        let bytes = try await store.open(file)
        bytes.close()
        await #expect(throws: StoreError.cancelled) { try await bytes.collect() }
    }

    // MARK: Commits

    @Test(arguments: 0..<8)
    func `a service that goes away during an upload leaves nothing that is listed`(step: Int) async throws {
        let count = Atomic(0)
        let isBack = Atomic(false)
        let s3 = LoopbackS3 { _, _ in
            isBack.load(ordering: .relaxed) || count.add(1, ordering: .relaxed).newValue <= step
                ? nil : .status(403, code: "AccessDenied")
        }
        let store = try store(s3)
        // An upload of three parts: five requests for the bytes, and one for the sidecar.
        let isWhole = step >= 6
        if isWhole {
            _ = try await file(store)
        } else {
            await #expect(throws: StoreError.denied(reason: "S3 says 403 AccessDenied.")) { try await file(store) }
        }
        isBack.store(true, ordering: .relaxed)
        #expect(try await store.files(in: place.session, of: place.owner).count == (isWhole ? 1 : 0))
        // What is left behind is swept when it is old.
        s3.age(by: 30 * 86_400)
        while try await !store.sweep().isComplete {}
        #expect(s3.keys.isEmpty)
        #expect(s3.uploadCount == 0)
    }

    @Test func `a large file is sent in parts, and no more than one is in memory`() async throws {
        let s3 = LoopbackS3()
        let store = try store(s3)
        let writer = try await store.begin(at: place, limit: 100_000)
        for _ in 0..<40 { try await writer.write(sampleBytes(251)) }
        let file = try await writer.commit(.init(name: "a"), at: place)
        #expect(file.size == 40 * 251)
        #expect(try await store.open(file).collect() == sampleBytes(40 * 251))
        #expect(s3.largestBody < 2000)
        #expect(s3.log.count { $0.contains("partNumber=") } == 11)
    }

    @Test func `a file of exactly a part is one object, and one with a byte more has two parts`() async throws {
        for (size, parts) in [(999, 0), (1000, 0), (1001, 2), (2000, 2), (2001, 3)] {
            let s3 = LoopbackS3()
            let store = try store(s3)
            let file = try await file(store, sampleBytes(size))
            #expect(try await store.open(file).collect() == sampleBytes(size))
            #expect(s3.log.count { $0.contains("partNumber=") } == parts, "\(size)")
        }
    }

    @Test(arguments: [10, 2500])
    func `a file that belongs elsewhere in the end is there, and nowhere else`(size: Int) async throws {
        let s3 = LoopbackS3()
        let store = try store(s3)
        let writer = try await store.begin(at: place, limit: 100_000)
        try await writer.write(sampleBytes(size))
        let other = StorePlace(StoreOwner(hashing: "another"), .random())
        let file = try await writer.commit(.init(name: "a"), at: other)
        #expect(file.owner == other.owner && file.session == other.session)
        #expect(try await store.open(file).collect() == sampleBytes(size))
        #expect(try await store.files(in: place.session, of: place.owner).isEmpty)
        #expect(s3.keys.count == 2)
    }

    @Test func `an upload that is abandoned, or let go, leaves no parts`() async throws {
        let s3 = LoopbackS3()
        let store = try store(s3)
        let writer = try await store.begin(at: place, limit: 100_000)
        try await writer.write(sampleBytes(2500))
        #expect(s3.uploadCount == 1)
        await writer.abandon()
        #expect(s3.uploadCount == 0)
        do {
            let writer = try await store.begin(at: place, limit: 100_000)
            try await writer.write(sampleBytes(2500))
        }
        while s3.uploadCount > 0 { try await Task.sleep(for: .milliseconds(5)) }
        #expect(s3.keys.isEmpty)
    }

    // MARK: Sweeping

    @Test(arguments: [2, 3, 1000])
    func `a sweep removes what is old, and nothing of somebody else's`(pageSize: Int) async throws {
        let s3 = LoopbackS3(pageSize: pageSize)
        let store = try store(s3)
        let old = try await file(store, [1])
        let log = LogID.random()
        try await store.append([1], at: 0, to: log, of: place.owner)
        s3.age(by: 49 * 3600)
        s3.put("a/b/c/d/e", [1], modified: .distantPast)
        s3.put("a/b/README.json", [1], modified: .distantPast)
        s3.put("other", [1], modified: .distantPast)
        let secret = try await store.linkSecret()
        let new = try await file(store, [2])
        var result = SweepResult()
        repeat {
            let look = try await store.sweep()
            result.removed += look.removed
            result.isComplete = look.isComplete
        } while !result.isComplete
        #expect(result.removed == 1)
        await #expect(throws: StoreError.notFound) { try await store.file(old.id, of: place.owner) }
        await #expect(throws: StoreError.notFound) { try await store.entries(of: log, of: place.owner) }
        #expect(try await store.open(new).collect() == [2])
        #expect(s3.keys.count == 6)
        #expect(try await store.linkSecret() == secret)
    }

    @Test func `what exceeds a budget goes with the next round, the oldest first`() async throws {
        let s3 = LoopbackS3(pageSize: 3)
        var configuration = S3Configuration(
            bucket: LoopbackS3.bucket, endpoint: s3.url,
            credentials: AWSCredentials(accessKeyID: "AKEXAMPLE", secretAccessKey: "secret"))
        configuration.touchInterval = .zero
        let store = S3Store(
            configuration, limits: StoreLimits(bytes: 1 << 30, ownerBytes: 2500, fileOverhead: 0),
            fetcher: try Fetcher())
        var files: [StoredFile] = []
        for _ in 0..<4 {
            s3.age(by: 3600)
            files.append(try await file(store, sampleBytes(1000)))
        }
        let other = StorePlace(StoreOwner(hashing: "another"), .random())
        let foreign = try await store.create(.init(name: "a"), at: other, bytes: sampleBytes(1000))
        s3.age(by: 3600)
        for _ in 0..<2 { while try await !store.sweep().isComplete {} }
        let left = try await store.files(in: place.session, of: place.owner)
        #expect(left.map(\.id) == files.suffix(2).map(\.id))
        #expect(try await store.file(foreign.id, of: other.owner).size == 1000)
    }

    @Test func `a file in use is kept, and a note of its use does not bring a deleted one back`() async throws {
        let s3 = LoopbackS3()
        let store = try store(s3)
        let kept = try await file(store, [1])
        let deleted = try await file(store, [2])
        s3.age(by: 47 * 3600)
        try await store.touch(try await store.file(kept.id, of: place.owner))
        let stale = try await store.file(deleted.id, of: place.owner)
        try await store.delete(deleted.id, of: place.owner)
        await #expect(throws: StoreError.notFound) { try await store.touch(stale) }
        s3.age(by: 47 * 3600)
        while try await !store.sweep().isComplete {}
        #expect(try await store.files(in: place.session, of: place.owner).map(\.id) == [kept.id])
        #expect(s3.keys.count == 2)
    }

    // MARK: Several at once

    @Test func `of two that append at the same place one is told so`() async throws {
        let s3 = LoopbackS3()
        let (one, other) = (try store(s3), try store(s3))
        let log = LogID.random()
        let results = await withTaskGroup(of: StoreError?.self) { group in
            for (store, entry) in [(one, [1] as [UInt8]), (other, [2])] {
                group.addTask {
                    do throws(StoreError) {
                        try await store.append(entry, at: 0, to: log, of: place.owner)
                        return nil
                    } catch {
                        return error
                    }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(results.count { $0 == nil } == 1)
        #expect(results.count { $0 == .conflict } == 1)
    }

    @Test func `all processes have the same secret`() async throws {
        let s3 = LoopbackS3()
        let stores = try (0..<8).map { _ in try store(s3) }
        let secrets = try await withThrowingTaskGroup(of: [UInt8].self) { group in
            for store in stores { group.addTask { try await store.linkSecret() } }
            return try await group.reduce(into: Set<[UInt8]>()) { $0.insert($1) }
        }
        #expect(secrets.count == 1)
    }

    // MARK: Addresses

    @Test(arguments: [
        ("s3://bucket", "bucket", ""), ("s3://bucket/", "bucket", ""), ("s3://a.b-c/d/E_1/", "a.b-c", "d/E_1"),
    ])
    func `a location has a bucket and a prefix`(text: String, bucket: String, prefix: String) throws {
        let location = try #require(S3Configuration.location(text))
        #expect(location == (bucket, prefix))
    }

    @Test(arguments: [
        "s3:/bucket", "s3://", "s3://ab", "s3://UPPER", "s3://bucket//a", "s3://bucket/../a", "s3://bucket/a b", "/var",
        "s3://bucket/ü", "s3://bucket/a?b", "s3://user@bucket",
    ])
    func `what is no location is none`(text: String) {
        #expect(S3Configuration.location(text) == nil)
    }
}
