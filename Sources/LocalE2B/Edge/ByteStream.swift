internal import Foundation
internal import Synchronization

/// One side of a connection that the edge splices: a TCP socket, or a port dialled in a sandbox.
protocol ByteStream: Sendable {
    /// What came next; empty when the other side has finished. One caller at a time.
    func read() async throws -> [UInt8]

    /// Returns when all of it has been taken. One caller at a time.
    func write(_ bytes: [UInt8]) async throws

    /// Nothing more will be written; what comes from the other side is still read.
    func finish() async
}

/// Copies both ways until both sides have finished, one of them breaks, or nothing moves for `idleLimit`.
struct Splice {
    private enum Ending { case finished, broken }

    let idleLimit: Duration

    func run(_ one: some ByteStream, _ other: some ByteStream) async {
        let moved = LastMove()
        await withTaskGroup(of: Ending.self) { group in
            group.addTask { await Self.copy(from: one, to: other, moved) }
            group.addTask { await Self.copy(from: other, to: one, moved) }
            group.addTask { [idleLimit] in await moved.waitForSilence(of: idleLimit) }
            var finished = 0
            while finished < 2, await group.next() == .finished { finished += 1 }
            group.cancelAll()
        }
    }

    private static func copy(
        from source: some ByteStream, to destination: some ByteStream, _ moved: LastMove
    ) async -> Ending {
        do {
            while true {
                let bytes = try await source.read()
                guard !bytes.isEmpty else { break }
                moved.note()
                try await destination.write(bytes)
                moved.note()
            }
            await destination.finish()
            return .finished
        } catch {
            return .broken
        }
    }

    private final class LastMove: Sendable {
        private let instant = Mutex(ContinuousClock.now)

        func note() {
            instant.withLock { $0 = .now }
        }

        func waitForSilence(of limit: Duration) async -> Ending {
            while true {
                let end = instant.withLock { $0 } + limit
                if end <= .now { return .broken }
                do {
                    try await Task.sleep(until: end)
                } catch {
                    return .broken
                }
            }
        }
    }
}
