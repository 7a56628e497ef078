import Fetch
import FoundationEssentials
import Glibc
import Store
import TestSupport
import Testing

/// What keeps the files of a store. Every test of the protocol runs on each.
enum Backend: Sendable, CaseIterable {
    case directory
    /// A bucket of an S3 in memory, which takes parts of any size.
    case loopbackS3
    /// A bucket of SeaweedFS, for suites with ``SharedSeaweedFS``.
    case seaweedFS

    /// Runs `body` with a new and empty store.
    func withStore<Value>(
        _ limits: StoreLimits = StoreLimits(), _ body: (any FileStore) async throws -> Value
    ) async throws -> Value {
        switch self {
        case .directory:
            let folder = try TemporaryFolder()
            return try await body(DirectoryStore(root: folder.path, limits: limits, threads: FileThreads(count: 2)))
        case .loopbackS3:
            let s3 = LoopbackS3(pageSize: 7)
            let store = S3Store(
                .forTests(at: s3.url, secret: "secret", partSize: 100_000), limits: limits, fetcher: try Fetcher())
            let value = try await body(store)
            #expect(s3.refusals.isEmpty)
            return value
        case .seaweedFS:
            guard let server = SharedSeaweedFS.current else {
                return try await Backend.loopbackS3.withStore(limits, body)
            }
            let secret = SeaweedFS.secretAccessKey
            return try await body(
                S3Store(
                    .forTests(at: server.url, secret: secret, partSize: 5 << 20), limits: limits, fetcher: try Fetcher()
                ))
        }
    }
}

extension S3Configuration {
    /// A part of the bucket that no other test has.
    static func forTests(at url: String, secret: String, partSize: Int) -> S3Configuration {
        var configuration = S3Configuration(
            bucket: "bucket", prefix: "test/\(UInt64.random(in: .min ... .max))", endpoint: url,
            credentials: AWSCredentials(accessKeyID: "AKEXAMPLE", secretAccessKey: secret))
        configuration.partSize = partSize
        configuration.touchInterval = .zero
        return configuration
    }
}

/// One SeaweedFS for all tests of a suite: it takes seconds to start.
struct SharedSeaweedFS: SuiteTrait, TestScoping {
    /// nil where it cannot be had.
    @TaskLocal static var current: SeaweedFS?

    @concurrent
    func provideScope(
        for test: Test, testCase: Test.Case?, performing body: @concurrent @Sendable () async throws -> Void
    ) async throws {
        if let absence = await SeaweedFS.absence() {
            print("What SeaweedFS was to keep is kept in memory: \(absence)")
            return try await body()
        }
        try await SeaweedFS.with { server in try await Self.$current.withValue(server) { try await body() } }
    }
}

extension Trait where Self == SharedSeaweedFS {
    static var sharedSeaweedFS: Self { Self() }
}

/// A folder that is removed with all that is in it.
final class TemporaryFolder: Sendable {
    let path: String

    init(in parent: String = "/tmp") throws {
        path = "\(parent)/e2b-fcgi-store-\(UInt64.random(in: .min ... .max))"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}

/// The bytes 0, 1, 2 and so on, so that a piece at a wrong place is noticed.
func someBytes(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: $0 ^ $0 >> 8 ^ $0 >> 16) } }

/// Pieces of bytes as they come from a client.
struct Pieces: AsyncSequence, Sendable {
    var bytes: [UInt8]
    var size: Int
    /// Thrown after the last piece.
    var error: PieceError?

    struct PieceError: Error, Equatable {}

    struct AsyncIterator: AsyncIteratorProtocol {
        var pieces: Pieces

        mutating func next() async throws -> [UInt8]? {
            guard !pieces.bytes.isEmpty else {
                if let error = pieces.error { throw error }
                return nil
            }
            defer { pieces.bytes.removeFirst(Swift.min(pieces.size, pieces.bytes.count)) }
            return Array(pieces.bytes.prefix(pieces.size))
        }
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(pieces: self) }
}
