import Foundation
import Synchronization
import TestSupport
import Testing

@testable import E2B

/// A real server on a real socket that answers as the script says and remembers what it was asked.
final class LoopbackE2B: Sendable {
    private let loopback: Loopback
    private let log: Log

    private final class Log: Sendable {
        let requests = Mutex<[Loopback.Request]>([])
    }

    /// - Parameter answer: may block; called again for the next request of a connection unless it returns false.
    init(_ answer: @escaping @Sendable (Loopback.Request, Loopback.Connection) -> Bool) {
        let log = Log()
        self.log = log
        loopback = Loopback { connection in
            while let request = connection.readRequest() {
                log.requests.withLock { $0.append(request) }
                guard answer(request, connection) else { return }
            }
        }
    }

    /// Answers every request alike.
    convenience init(_ status: String, _ headers: [String] = [], _ body: String = "") {
        self.init { _, connection in connection.respond(body, status: status, headers: headers) }
    }

    /// Reads a request, says so to `asked`, and never answers.
    static func silent(_ asked: @escaping @Sendable () -> Void = {}) -> LoopbackE2B {
        LoopbackE2B { _, connection in
            asked()
            connection.waitForHangUp()
            return false
        }
    }

    /// Answers every execution with this stream, and keeps the connection.
    convenience init(stream: [String]) {
        self.init { _, connection in
            connection.beginStream()
            for chunk in stream { connection.write(chunk: chunk) }
            return connection.write(chunk: "")
        }
    }

    var url: String { loopback.url }
    var requests: [Loopback.Request] { log.requests.withLock { $0 } }
    var connectionCount: Int { loopback.acceptCount }

    /// Lends a client of this server, which it keeps alive meanwhile.
    func withClient(
        requestTimeout: Duration = .seconds(30), lineLimit: Int = 64 << 20, streamLimit: Int = 256 << 20,
        configure: (inout E2BConfiguration) -> Void = { _ in }, _ body: (E2BClient) async throws -> Void
    ) async throws {
        var configuration = E2BConfiguration(
            apiKey: testKey, apiURL: url, sandboxURL: url, requestTimeout: requestTimeout, lineLimit: lineLimit,
            streamLimit: streamLimit)
        configure(&configuration)
        let client = try E2BClient(configuration)
        do {
            try await body(client)
        } catch {
            await client.stop()
            throw error
        }
        await client.stop()
    }
}

let testKey = "e2b_0000000000000000000000000000000000000000"
let testToken = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
let testSandbox = Sandbox(id: "if2846bd046cb1639aa8", envdAccessToken: testToken, envdVersion: "0.6.13")
let testSandboxJSON = """
    {"templateID":"t","sandboxID":"if2846bd046cb1639aa8","clientID":"6532622b","alias":"code-interpreter-v1",
     "envdVersion":"0.6.13","envdAccessToken":"\(testToken)","trafficAccessToken":null,"domain":null}
    """
let startedLine = "{\"type\": \"number_of_executions\", \"execution_count\": 1}\n"
let endLine = "{\"type\": \"end_of_execution\"}\n"

func stdoutLine(_ text: String) -> String { "{\"type\": \"stdout\", \"text\": \"\(text)\", \"timestamp\": \"t\"}\n" }

extension Loopback.Connection {
    /// As the code interpreter does it: without a content type.
    func beginStream() { write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n") }

    /// As the edge does it.
    @discardableResult
    func respondSandboxGone() -> Bool {
        respond(
            #"{"sandboxId":"i","message":"The sandbox was not found","code":502}"#, status: "502 Bad Gateway",
            headers: ["Content-Type: application/json"])
    }

    /// As envd does it: JSON messages, each in its envelope, then the end envelope.
    @discardableResult
    func respond(events: [String], end: String = "{}") -> Bool {
        beginProcess()
        for event in events { write(event: event) }
        write(envelope: end, flags: 2)
        return write(chunk: "")
    }

    func beginProcess() {
        write("HTTP/1.1 200 OK\r\nContent-Type: application/connect+json\r\nTransfer-Encoding: chunked\r\n\r\n")
    }

    @discardableResult
    func write(event: String) -> Bool { write(envelope: "{\"event\":\(event)}") }

    @discardableResult
    func write(envelope message: String, flags: UInt8 = 0) -> Bool {
        write(chunkOf: envelope(message, flags: flags))
    }

    @discardableResult
    func write(chunkOf bytes: [UInt8]) -> Bool {
        write(Array("\(String(bytes.count, radix: 16))\r\n".utf8) + bytes + Array("\r\n".utf8))
    }
}

extension Loopback.Request {
    /// With names in lower case, without those that belong to HTTP.
    var fields: [String: String] {
        var fields: [String: String] = [:]
        for header in headers {
            let name = header.prefix { $0 != ":" }
            fields[name.lowercased()] = header.dropFirst(name.count + 1).trimmingCharacters(in: .whitespaces)
        }
        for name in ["host", "content-length", "user-agent", "accept", "connection", "accept-encoding"] {
            fields[name] = nil
        }
        return fields
    }

    var json: NSDictionary? { try? JSONSerialization.jsonObject(with: Data(body)) as? NSDictionary }
}

/// A message of the Connect protocol in its envelope, written by hand.
func envelope(_ message: String, flags: UInt8 = 0) -> [UInt8] {
    let count = message.utf8.count
    return [flags, UInt8(count >> 24), UInt8(count >> 16 & 255), UInt8(count >> 8 & 255), UInt8(count & 255)]
        + Array(message.utf8)
}

extension E2BClient {
    /// All events of a command.
    func events(of process: ProcessRequest, in sandbox: Sandbox = testSandbox) async throws -> [ProcessEvent] {
        var events: [ProcessEvent] = []
        let exit = try await run(process, in: sandbox) { events.append($0) }
        #expect(events.last == .ended(exit))
        return events
    }

    /// All events of an execution.
    func events(of execution: ExecutionRequest, in sandbox: Sandbox = testSandbox) async throws -> [ExecutionEvent] {
        var events: [ExecutionEvent] = []
        try await execute(execution, in: sandbox) { events.append($0) }
        return events
    }
}
