import FoundationEssentials
import Glibc
import Store

/// What keeps the files of a store. Every test of the protocol runs on each.
enum Backend: Sendable, CaseIterable {
    case directory

    /// Runs `body` with a new and empty store.
    func withStore<Value>(
        _ limits: StoreLimits = StoreLimits(), _ body: (any FileStore) async throws -> Value
    ) async throws -> Value {
        switch self {
        case .directory:
            let folder = try TemporaryFolder()
            return try await body(DirectoryStore(root: folder.path, limits: limits, threads: FileThreads(count: 2)))
        }
    }
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
