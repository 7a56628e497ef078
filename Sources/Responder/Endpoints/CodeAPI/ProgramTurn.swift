import CodeAPI
import FoundationEssentials
import Interpreter
import Store

/// A program that calls tools, from one answer to the next.
struct ProgramTurn: Sendable {
    let program: CallingProgram
    private(set) var record: ProgramRecord
    /// The results that were brought; nil at the program's beginning.
    private var entry: [UInt8]?
    private let log: LogID
    private let owner: StoreOwner
    private let storage: Storage

    /// How long the caller may take to bring results. Seconds.
    private static let patience: TimeInterval = 3600

    /// Looks up a program that waits, or begins a new one.
    ///
    /// - Parameter hold: is asked for memory for so many bytes, and says whether there is enough.
    /// - Throws: status 400 for a token or a call that is none of ours, 403 for another caller's program, 404 for one that has come
    ///   to its end or has waited for too long, 409 for results of calls that have some.
    init(
        _ asked: ProgrammaticRequest, _ caller: CodeAPICaller, _ storage: Storage, _ time: TimeLimits,
        _ hold: (Int) async -> Bool
    ) async throws(CodeAPIFailure) {
        self.storage = storage
        owner = caller.storeOwner
        switch asked {
        case .start(let program):
            self.program = program
            record = ProgramRecord(of: program.json, user: caller.user)
            log = .random()
        case .results(let results):
            let place = try Self.place(results.token, storage.signer)
            guard place.owner == owner else { throw Self.others }
            log = place.log
            let entries: [[UInt8]]
            do throws(StoreError) {
                entries = try await storage.store.entries(of: log, of: owner)
            } catch {
                guard error != .notFound else { throw Self.ended }
                throw CodeAPIFailure(Refusal(error))
            }
            // They are decoded once, and make the runner's request.
            guard await hold(2 * entries.reduce(0) { $0 + $1.count }) else { throw CodeAPIFailure(.outOfMemory) }
            guard let known = ProgramRecord(entries: entries) else { throw CodeAPIFailure(Refusal(.broken)) }
            record = known
            guard record.user == caller.user else { throw Self.others }
            guard record.count == place.count, record.isWaiting else { throw Self.answered }
            program = try CallingProgram(json: record.request, time: time)
            entry = try record.add(results)
        }
    }

    private static func place(_ token: String, _ signer: LinkSigner) throws(CodeAPIFailure) -> LinkSigner.LogPlace {
        do throws(LinkSigner.Refusal) {
            return try signer.logPlace(token)
        } catch {
            switch error {
            case .forged: throw CodeAPIFailure(status: 400, "`continuation_token` is none of this service's.")
            case .expired: throw ended
            }
        }
    }

    private static let others = CodeAPIFailure(status: 403, "The program is another caller's.")
    private static let ended = CodeAPIFailure(
        status: 404, "The program has come to its end, or has waited too long for its results.")
    private static let answered = CodeAPIFailure(status: 409, "These calls have their results already.")

    /// Takes the turn. Of two requests that bring results at the same time only one gets it.
    func begin() async throws(CodeAPIFailure) {
        guard let entry else { return }
        do throws(StoreError) {
            try await storage.store.append(entry, at: record.count - 1, to: log, of: owner)
        } catch {
            throw error == .conflict ? Self.answered : error == .notFound ? Self.ended : CodeAPIFailure(Refusal(error))
        }
    }

    /// Notes the calls that the program has made.
    ///
    /// - Returns: their ids, and the token with which their results are brought.
    mutating func wait(for calls: [RunnerCall]) async throws(StoreError) -> (ids: [String], token: String) {
        if record.count == 0 { try await storage.store.append(record.begin(), at: 0, to: log, of: owner) }
        let (ids, entry) = record.add(calls)
        try await storage.store.append(entry, at: record.count - 1, to: log, of: owner)
        let place = LinkSigner.LogPlace(owner: owner, log: log, count: record.count)
        return (ids, storage.signer.token(for: place, expires: Date(timeIntervalSinceNow: Self.patience)))
    }

    /// Forgets the program.
    func end() async {
        guard record.count > 0 else { return }
        // What is left of it is swept.
        try? await storage.store.deleteLog(log, of: owner)
    }
}
