internal import FlyingFox
internal import Foundation

/// Serves requests that run code in a sandbox. Protocol.md, 5.
struct CodeInterpreter {
    static let bodyLimit = 64 << 20

    let sandbox: Sandbox
    let fault: FaultRule?

    func answer(_ request: HTTPRequest, _ path: [String]) async throws -> HTTPResponse {
        switch (request.method, path.count, path.first) {
        case (.GET, 1, "health"): return .json(Array("\"OK\"".utf8))
        case (.POST, 1, "execute"): return try await execute(request)
        case (.GET, 1, "contexts"): return .json(try await call(Operation.ListContexts()))
        case (.POST, 1, "contexts"): return try await createContext(request)
        case (.DELETE, 2, "contexts"): return .json(try await call(Operation.DeleteContext(context: path[1])))
        case (.POST, 3, "contexts") where path[2] == "restart":
            return .json(try await call(Operation.RestartContext(context: path[1])))
        case (_, 1, "health"), (_, 1, "execute"), (_, 1...2, "contexts"):
            throw HTTPError.detail(405, "Method Not Allowed")
        default: throw HTTPError.detail(404, "Not Found")
        }
    }

    private func execute(_ request: HTTPRequest) async throws -> HTTPResponse {
        let body = try await InterpreterBody(request)
        let code = try body.string("code")
        let context = try body.optionalString("context_id")
        let language = try body.optionalString("language").map(Self.language)
        let environment = try body.optionalStrings("env_vars")
        guard context == nil || language == nil else {
            throw HTTPError.plain(400, "Only one of context_id or language can be provided")
        }
        let operation = Operation.Execute(code: code, language: language, context: context, env_vars: environment)
        do throws(ExecutionStream.StartError) {
            let stream = try await ExecutionStream.start(operation, in: sandbox.agent, for: request)
            // The real server sends no content type.
            return .stream(stream.source.damaged(by: fault, isConnect: false), type: nil)
        } catch {
            switch error {
            case .refused(let failure): throw Self.refusal(failure)
            case .gone: throw HTTPError.sandboxGone(sandbox.id)
            }
        }
    }

    private func createContext(_ request: HTTPRequest) async throws -> HTTPResponse {
        let body = try await InterpreterBody(request)
        let language = try body.optionalString("language").map(Self.language) ?? "python"
        return .json(try await call(Operation.CreateContext(language: language, cwd: try body.optionalString("cwd"))))
    }

    private func call(_ operation: some AgentOperation) async throws -> [UInt8] {
        do throws(AgentCallError) {
            return try await sandbox.agent.call(operation)
        } catch {
            switch error {
            case .refused(let failure): throw Self.refusal(failure)
            case .gone: throw HTTPError.sandboxGone(sandbox.id)
            }
        }
    }

    static func language(_ name: String) -> String {
        let name = name.trimmingCharacters(in: .whitespacesAndNewlines).lowercased()
        return ["js": "javascript", "ts": "typescript"][name] ?? name
    }

    private static func refusal(_ failure: AgentError) -> HTTPError {
        let status = failure.status ?? 500
        return .plain((400...599).contains(status) ? status : 500, failure.text ?? failure.message ?? "failed")
    }
}
