import Foundation
import TestSupport
import Testing

/// An E2B with one sandbox, whose answers a test writes itself where it matters.
enum ScriptedE2B {
    /// A connection on which nothing else follows.
    struct Over: Error {}

    /// - Parameter answer: to a call, `POST /execute` for example. False: it is answered as any E2B would.
    static func start(
        _ answer: @escaping @Sendable (_ call: String, Loopback.Request, Loopback.Connection) throws(Over) -> Bool
    ) -> Loopback {
        Loopback { connection in
            while let request = connection.readRequest() {
                let call = request.line.split(separator: "?")[0].split(separator: " ").prefix(2).joined(separator: " ")
                if request.isPreparation {
                    connection.respond(Loopback.Request.prepared)
                    continue
                }
                do throws(Over) {
                    guard try !answer(call, request, connection) else { continue }
                } catch {
                    return
                }
                switch call {
                case "POST /sandboxes":
                    connection.respond(
                        #"{"templateID":"t","sandboxID":"i0123","envdVersion":"0.6.13","envdAccessToken":"token"}"#,
                        status: "201 Created")
                case "GET /v2/sandboxes": connection.respond("[]")
                case "DELETE /sandboxes/i0123": connection.respond(status: "204 No Content")
                default: connection.respond("{}")
                }
            }
        }
    }

    /// A responder before it, with a session.
    static func withSession(
        _ e2b: Loopback, _ environment: [String: String] = [:], _ body: (Stack) async throws -> Void
    ) async throws {
        let own = ["E2B_API_URL": e2b.url, "E2B_SANDBOX_URL": e2b.url]
        try await Stack.with(environment: own.merging(environment) { $1 }) { stack in
            let created = try await stack.client.ask("create")
            try #require(created.isSuccess, "\(created.text)")
            try await body(stack)
            // It kills the sandbox of the session in vain for a while.
            stack.responder.signal(SIGKILL)
        }
    }

    // MARK: What streams are made of

    /// The head of a command's stream, and its first event.
    static let commandStart =
        Array("HTTP/1.1 200 OK\r\nContent-Type: application/connect+json\r\nConnection: close\r\n\r\n".utf8)
        + envelope(#"{"event":{"start":{"pid":1}}}"#)
    /// The rest of one that says who the user is.
    static let commandEnd =
        envelope(#"{"event":{"data":{"stdout":"dXNlcgovaG9tZS91c2VyCg=="}}}"#)
        + envelope(#"{"event":{"end":{"exited":true,"status":"exit status 0"}}}"#) + envelope("{}", flags: 2)

    /// A message as the Connect protocol frames it.
    static func envelope(_ message: String, flags: UInt8 = 0) -> [UInt8] {
        let count = message.utf8.count
        return [flags] + (0..<4).map { UInt8(truncatingIfNeeded: count >> (24 - 8 * $0)) } + Array(message.utf8)
    }
}
