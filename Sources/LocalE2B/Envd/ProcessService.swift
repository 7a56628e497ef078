internal import FlyingFox
internal import Foundation

/// `process.Process`. Protocol.md, 4.4.
struct ProcessService {
    let agent: Agent
    let call: ConnectCall
    let fault: FaultRule?

    func answer(_ method: String, _ request: HTTPRequest) async throws -> HTTPResponse {
        let isStream = ["Start", "Connect", "StreamInput"].contains(method)
        guard isStream == call.isStream else {
            throw HTTPError(response: HTTPResponse(statusCode: .of(415)))
        }
        do throws(ConnectError) {
            switch method {
            case "Start":
                return try await stream(start(), timeout: nil, request)
            case "Connect":
                let process = try call.message(Selected.self).process
                // The deadline ends only this stream, since another request has started the process.
                return try await stream(
                    Operation.Connect(pid: process.pid, tag: process.tag), timeout: call.timeout, request)
            case "StreamInput":
                try await streamInput()
                return .connect([ConnectEnvelope(payload: Array("{}".utf8)), .success])
            case "List":
                _ = try call.message(Empty.self)
                let processes = try await agent.unary(Operation.ListProcesses())
                return .json(
                    processes == Array("[]".utf8) ? Array("{}".utf8) : #"{"processes":"#.utf8 + processes + "}".utf8)
            case "SendSignal": try await signal()
            case "SendInput":
                let message = try call.message(Input.self)
                try await send(message.input, to: message.process)
            case "CloseStdin":
                let process = try call.message(Selected.self).process
                _ = try await agent.unary(Operation.CloseStdin(pid: process.pid, tag: process.tag))
            case "Update":
                let message = try call.message(Update.self)
                if let size = message.pty {
                    _ = try await agent.unary(
                        Operation.Resize(
                            pid: message.process.pid, tag: message.process.tag, cols: size.cols, rows: size.rows))
                }
            default: throw ConnectError(code: .unimplemented, message: "process.Process has no method \(method)")
            }
            return .json(Array("{}".utf8))
        } catch {
            if call.isStream { return .connect([.failure(error)]) }
            throw HTTPError.rpc(error)
        }
    }

    // MARK: Messages

    private struct Empty: Decodable {}

    private struct Selected: Decodable { var process: ProcessSelector }

    private struct Start: Decodable {
        struct Config: Decodable {
            var cmd: String?
            var args: [String]?
            var envs: [String: String]?
            var cwd: String?
        }
        var process: Config
        var pty: TerminalSize?
        var tag: String?
        var stdin: Bool?
    }

    private struct InputBytes: Decodable {
        /// Base64.
        var stdin: String?
        var pty: String?
    }

    private struct Input: Decodable {
        var process: ProcessSelector
        var input: InputBytes
    }

    private struct Update: Decodable {
        var process: ProcessSelector
        var pty: TerminalSize?
    }

    private struct Signal: Decodable {
        enum Value: Decodable {
            case number(Int), name(String)

            init(from decoder: any Decoder) throws {
                let value = try decoder.singleValueContainer()
                if let number = try? value.decode(Int.self) {
                    self = .number(number)
                } else {
                    self = .name(try value.decode(String.self))
                }
            }
        }
        var process: ProcessSelector
        var signal: Value?
    }

    /// One message of `StreamInput`.
    private struct InputPiece: Decodable {
        struct Data: Decodable { var input: InputBytes }
        var start: Selected?
        var data: Data?
    }

    // MARK: Methods

    private func start() throws(ConnectError) -> Operation.Start {
        let message = try call.message(Start.self)
        return Operation.Start(
            cmd: message.process.cmd ?? "", args: message.process.args ?? [], envs: message.process.envs ?? [:],
            cwd: message.process.cwd, user: call.user, stdin: message.stdin ?? true, pty: message.pty,
            timeout_ms: call.timeout, tag: message.tag)
    }

    private func stream(
        _ operation: some AgentOperation, timeout: Int?, _ request: HTTPRequest
    ) async throws(ConnectError) -> HTTPResponse {
        let stream = try await ProcessStream.start(
            operation, in: agent, for: request, timeout: timeout.map { .milliseconds($0) },
            keepaliveInterval: call.keepaliveInterval)
        return .stream(stream.source.damaged(by: fault, isConnect: true), type: "application/connect+json")
    }

    private func signal() async throws(ConnectError) {
        let message = try call.message(Signal.self)
        let number =
            switch message.signal {
            case .number(let number): number
            case .name("SIGNAL_SIGKILL"): 9
            case .name("SIGNAL_SIGTERM"): 15
            case .name, nil: 0
            }
        guard number == 9 || number == 15 else {
            throw ConnectError(code: .unimplemented, message: "invalid signal")
        }
        _ = try await agent.unary(
            Operation.Signal(pid: message.process.pid, tag: message.process.tag, signal: number))
    }

    private func send(_ input: InputBytes, to process: ProcessSelector) async throws(ConnectError) {
        _ = try await agent.unary(
            Operation.Input(pid: process.pid, tag: process.tag, stdin: input.stdin, pty: input.pty))
    }

    private func streamInput() async throws(ConnectError) {
        var process: ProcessSelector?
        for piece in try call.messages(InputPiece.self) {
            if let start = piece.start { process = start.process }
            guard let data = piece.data else { continue }
            guard let process else {
                throw ConnectError(code: .invalidArgument, message: "the first message names no process")
            }
            try await send(data.input, to: process)
        }
    }
}

extension HTTPResponse {
    /// A response with these envelopes as its whole stream.
    static func connect(_ envelopes: [ConnectEnvelope]) -> HTTPResponse {
        HTTPResponse(
            statusCode: .ok, headers: [.contentType: "application/connect+json"],
            body: Data(envelopes.flatMap(\.bytes)))
    }
}
