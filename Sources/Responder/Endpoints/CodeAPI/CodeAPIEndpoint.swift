import CodeAPI
import FastCGI
import Interpreter
import Store

/// An endpoint of LibreChat's own code interpreter API, below `/v1`.
protocol CodeAPIEndpoint: Endpoint {
    var context: CodeAPIContext { get }

    /// Answers a request, or accepts it for execution.
    ///
    /// - Parameter memory: as for ``Endpoint``.
    func respond(
        to request: inout FastCGIRequest, from caller: CodeAPICaller, holding memory: ByteBudget.Reservation
    ) async throws(CodeAPIFailure) -> Acceptance
}

/// What the endpoints below `/v1` have in common.
struct CodeAPIContext: Sendable {
    let configuration: Configuration
    /// nil: nothing is kept.
    let storage: Storage?
    let secrets: SecretRedactor

    func open() throws(CodeAPIFailure) -> Storage {
        guard let storage else { throw CodeAPIFailure(.withoutStore) }
        return storage
    }

    /// Finds a file that the caller may use.
    ///
    /// - Parameters:
    ///   - id: the text that should be an id. The session beside it in the path tells nothing more.
    ///   - query: of the request. It may name the user, and say what the file is.
    func file(
        _ id: String?, for caller: CodeAPICaller, _ query: QueryParameters
    ) async throws(CodeAPIFailure) -> StoredFile {
        let asked = try FileScope { query[$0] }
        guard let id = id.flatMap({ FileID($0) }) else { throw CodeAPIFailure(Refusal(.notFound)) }
        let storage = try open()
        let user = caller.named(query["user_id"] ?? (asked?.kind == .user ? asked?.id : nil)).user
        let file: StoredFile
        do throws(StoreError) {
            file = try await storage.store.file(id, of: caller.storeOwner)
        } catch {
            throw CodeAPIFailure(Refusal(error))
        }
        try FileAccess.check(file.details, for: user, asked: asked)
        return file
    }
}

extension CodeAPIEndpoint {
    func accept(
        _ request: inout FastCGIRequest, from caller: String, holding memory: ByteBudget.Reservation
    ) async throws(Refusal) -> Acceptance {
        let profile: ExecutionProfile
        do throws(CodeAPIFailure) {
            profile = try ExecutionProfile(expectation: request.header(ExecutionProfile.expectationHeader))
        } catch {
            return .answered(Answer(error, context.secrets))
        }
        let caller = CodeAPICaller(
            of: request, caller, context.configuration.trustedKeys, context.configuration.identityHeaders)
        do throws(CodeAPIFailure) {
            return try await respond(to: &request, from: caller, holding: memory).with(profile)
        } catch {
            return .answered(Answer(error, context.secrets).with(profile))
        }
    }

    func answer(to refusal: Refusal) -> Answer { Answer(CodeAPIFailure(refusal), context.secrets, refusal.headers) }
}

extension CodeAPIFailure {
    init(_ refusal: Refusal) {
        self.init(status: refusal.status, refusal.sentence, retryAfter: refusal.retryAfter)
        logged = refusal.logged
    }
}

extension Answer {
    init(_ failure: CodeAPIFailure, _ secrets: SecretRedactor, _ headers: [(name: String, value: String)] = []) {
        self.init(
            status: failure.status, body: failure.encoded { secrets.redacted($0) }, retryAfter: failure.retryAfter)
        self.headers = headers
        outcome.problem = failure.logged ?? failure.sentence
    }

    func with(_ profile: ExecutionProfile) -> Answer {
        var answer = self
        answer.headers.append((ExecutionProfile.answerHeader, profile.rawValue))
        return answer
    }
}

extension Acceptance {
    /// Adds the profile to the answer, now or when there is one.
    fileprivate func with(_ profile: ExecutionProfile) -> Acceptance {
        switch self {
        case .answered(let answer): return .answered(answer.with(profile))
        case .running(let work, let owner, let refused, let around, let isFree):
            var refusing: (@Sendable (Refusal) -> Answer)?
            if let refused { refusing = { refusal in refused(refusal).with(profile) } }
            return .running(
                { id, deadline in await work(id, deadline).with(profile) }, owner: owner, refused: refusing,
                around: around, isFree: isFree)
        }
    }
}
