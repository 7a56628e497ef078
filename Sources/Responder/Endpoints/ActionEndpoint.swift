import E2B
import FastCGI
import Interpreter
import LibreChat

/// The endpoint `POST /e2bcode`, which runs one action in a session's sandbox.
struct ActionEndpoint: Endpoint {
    private let services: ActionServices?
    private let configuration: Configuration
    private let bodyLimit: Int
    private let fileLimit: Int
    private let secrets: SecretRedactor

    /// - Parameter services: nil if no E2B API key is configured.
    init(services: ActionServices?, configuration: Configuration, secrets: SecretRedactor) {
        self.services = services
        self.secrets = secrets
        self.configuration = configuration
        bodyLimit = configuration.limits.bodyWithFile
        fileLimit = configuration.limits.fileSize
    }

    var route: Route { .running(EndpointPath.actions, headers: [configuration.identityHeaders.user]) }

    func accept(
        _ request: inout FastCGIRequest, from caller: String, holding memory: ByteBudget.Reservation
    ) async throws(Refusal) -> Acceptance {
        let links = configuration.linkUse(for: request, secrets)
        // The sessions of a user are those of the same user's MCP calls.
        let owner = Identity(of: request, caller, configuration.trustedKeys, configuration.identityHeaders).owner
        let (beginning, file) = try await beginning(of: &request)
        if let file, let services {
            let body = request.body
            return .running(
                { id, deadline in
                    let call = ActionCall(owner: owner, id: id, deadline: deadline, services: services, links: links)
                    return await answer(to: file, after: beginning, body, call, holding: memory)
                }, owner: owner)
        }
        let body = try await request.wholeBody(after: beginning, upTo: bodyLimit, holding: memory)
        do throws(ActionFailure) {
            // The body has no other owner from here on, so a file's content is decoded in place.
            let action = try ActionRequest(json: consume body)
            guard let services else {
                // The failure is a reply with status 200, so that LibreChat shows it to the model.
                throw ActionFailure(Refusal.withoutAPIKey.sentence, sessionID: action.sessionID)
            }
            return .running(
                { id, deadline in
                    let call = ActionCall(owner: owner, id: id, deadline: deadline, services: services, links: links)
                    return await answer(to: action, call)
                }, owner: owner, isFree: Self.freeActions.contains(action.definition.name))
        } catch {
            return .answered(Answer(error, secrets))
        }
    }

    /// Reads a body that is not small as far as it takes to know whether it is a file that can be written while it arrives.
    ///
    /// - Returns: what has been read, and the file if it is one.
    private func beginning(
        of request: inout FastCGIRequest
    ) async throws(Refusal) -> (bytes: [UInt8], file: StreamedFile?) {
        guard !request.body.hasArrived, let length = request.body.contentLength, length <= bodyLimit else {
            return ([], nil)
        }
        var bytes: [UInt8] = []
        var reader = StreamedFileReader()
        do throws(FastCGIError) {
            while bytes.count < Self.beginningLimit, let piece = try await request.body.next() {
                bytes += piece
                switch reader.read(piece) {
                case .more: continue
                case .file(let file): return (bytes, file)
                case .other: return (bytes, nil)
                }
            }
        } catch {
            throw Refusal(error)
        }
        return (bytes, nil)
    }

    /// Actions that cost nothing, or end what costs something.
    private static let freeActions: Set = [
        "help", "list_sandboxes", "list_templates", "kill", "kill_command", "command_kill",
    ]

    /// Bytes of a body in which its content has to begin, to be written while it arrives.
    private static let beginningLimit = 64 << 10

    /// Writes a file while it arrives, where that comes to the same as writing it when it is there.
    private func answer(
        to file: StreamedFile, after beginning: [UInt8], _ body: RequestBody, _ call: ActionCall,
        holding memory: ByteBudget.Reservation
    ) async -> Answer {
        guard await WriteFile.takesPieces(session: file.session, path: file.path, call) else {
            return await answer(after: beginning, body, call, holding: memory)
        }
        let pieces = file.pieces(of: body, limit: fileLimit)
        var answer: Answer
        do {
            try await WriteFile.write(pieces, session: file.session, path: file.path, call)
            answer = Answer(file.answer(pieces.contentCount).telling(call.notes.all), secrets)
        } catch {
            answer = Answer(failure(error, call, sessionID: file.session).telling(call.notes.all), secrets)
        }
        answer.outcome.bytesIn = beginning.count + pieces.bodyCount
        answer.outcome.action = ActionDefinition.writeFile.name
        answer.outcome.sandboxID = call.sandboxID(ofSession: file.session)
        return answer
    }

    private func answer(
        after beginning: [UInt8], _ body: RequestBody, _ call: ActionCall, holding memory: ByteBudget.Reservation
    ) async -> Answer {
        var request = FastCGIRequest(params: [:], body: body)
        var answer: Answer
        do throws(Refusal) {
            let body = try await request.wholeBody(after: beginning, upTo: bodyLimit, holding: memory)
            do throws(ActionFailure) {
                answer = await self.answer(to: try ActionRequest(json: consume body), call)
            } catch {
                answer = Answer(error, secrets)
            }
        } catch {
            answer = self.answer(to: error)
        }
        answer.outcome.bytesIn = request.body.readCount
        return answer
    }

    func answer(to refusal: Refusal) -> Answer {
        var answer = Answer(ActionFailure(refusal), secrets)
        answer.headers = refusal.headers
        return answer
    }

    private func answer(to request: ActionRequest, _ call: ActionCall) async -> Answer {
        var answer: Answer
        do {
            answer = Answer(try await request.perform(call).telling(call.notes.all), secrets)
        } catch {
            answer = Answer(failure(error, call, sessionID: request.sessionID).telling(call.notes.all), secrets)
        }
        answer.outcome.action = request.definition.name
        answer.outcome.sandboxID = call.sandboxID(ofSession: request.sessionID)
        return answer
    }

    private func failure(_ error: any Error, _ call: ActionCall, sessionID: String) -> ActionFailure {
        switch error {
        case var failure as ActionFailure:
            if failure.sessionID.isEmpty { failure.sessionID = sessionID }
            return failure
        case let error as InterpreterError: return ActionFailure(error, sessionID: sessionID)
        case let error as FastCGIError: return ActionFailure(Refusal(error))
        case let error as E2BError: return ActionFailure(error, sessionID: sessionID)
        case is LockTimeout: return ActionFailure(call.deadline.turnMissed, sessionID: sessionID)
        // The only other error is CancellationError.
        default: return ActionFailure(Refusal.cancelled, sessionID: sessionID)
        }
    }
}

extension Answer {
    fileprivate init(_ result: ActionAnswer, _ secrets: SecretRedactor) {
        switch result {
        case .reply(let reply, _): self.init(status: 200, body: reply.encoded(without: secrets))
        case .content(let content, _): self.init(status: 200, content: content, secrets)
        }
        outcome.problem = result.problem
    }
}

extension ActionFailure {
    init(_ refusal: Refusal, sessionID: String = "") {
        self.init(refusal.sentence, sessionID: sessionID)
        status = refusal.status
        retryAfter = refusal.retryAfter
        logged = refusal.logged
    }

    init(_ error: E2BError, sessionID: String = "") {
        self.init(Refusal(error), sessionID: sessionID)
        switch error {
        // These keep their status: either waiting helps, or the caller is gone, or the service stops. All others go to
        // the model.
        case .rateLimited, .noCapacity, .outOfMemory, .outOfDescriptors, .cancelled, .shutDown: break
        default: (status, retryAfter) = (200, nil)
        }
    }
}
