internal import Foundation
internal import Synchronization

/// Copies bytes both ways until both sides have finished, one of them fails, or nothing has moved for `idleLimit`.
struct Splice {
    private enum CopyResult { case finished, broken }

    let idleLimit: Duration

    /// Runs to the end. False if `server` has sent nothing, so that the client can still be sent an error.
    func run(_ client: some ByteStream, _ server: some ByteStream) async -> Bool {
        let progress = Progress()
        await withTaskGroup(of: CopyResult.self) { group in
            group.addTask { await Self.copy(from: client, to: server, progress, isAnswer: false) }
            group.addTask { await Self.copy(from: server, to: client, progress, isAnswer: true) }
            group.addTask { [idleLimit] in await progress.waitForSilence(of: idleLimit) }
            var finished = 0
            while finished < 2, await group.next() == .finished { finished += 1 }
            group.cancelAll()
        }
        return progress.hasAnswer
    }

    /// - Parameter isAnswer: whether the bytes come from the server. Its end is passed on only if it has sent
    ///   something.
    private static func copy(
        from source: some ByteStream, to destination: some ByteStream, _ progress: Progress, isAnswer: Bool
    ) async -> CopyResult {
        do {
            while true {
                let bytes = try await source.read()
                guard !bytes.isEmpty else { break }
                progress.note(isAnswer: isAnswer)
                try await destination.write(bytes)
                progress.note(isAnswer: isAnswer)
            }
            if isAnswer, !progress.hasAnswer { return .broken }
            await destination.finish()
            return .finished
        } catch {
            return .broken
        }
    }

    private final class Progress: Sendable {
        private let state = Mutex((lastMove: ContinuousClock.now, hasAnswer: false))

        var hasAnswer: Bool { state.withLock { $0.hasAnswer } }

        func note(isAnswer: Bool) {
            state.withLock { state in
                state.lastMove = .now
                state.hasAnswer = state.hasAnswer || isAnswer
            }
        }

        func waitForSilence(of limit: Duration) async -> CopyResult {
            while true {
                let end = state.withLock { $0.lastMove } + limit
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
