import FastCGI
import Interpreter
import TestSupport
import Testing

/// A server on a Unix socket of its own, for the duration of `body`; stopped and waited for at its end.
func withServer<T>(
    connections: Int = 2, headLimit: Duration = .seconds(60),
    receiveLimit: Duration = .seconds(60), sendLimit: Duration = .seconds(60), unsentLimit: Int = 1 << 30,
    executor: @escaping HandlerExecutor = { _ in nil }, handler: @escaping Handler,
    _ body: (_ path: String, _ server: FastCGIServer) async throws -> T
) async throws -> T {
    let path = scratchPath()
    let limits = ServerLimits(
        connections: connections, head: headLimit, receive: receiveLimit, send: sendLimit, unsent: unsentLimit)
    let server = try FastCGIServer(
        listener: Listener(.unix(path: path)), limits: limits, executor: executor, handler: handler)
    async let running: Void = server.run()
    let result: T
    do {
        result = try await body(path, server)
    } catch {
        server.shutDown()
        await running
        throw error
    }
    server.shutDown()
    await running
    return result
}

/// Answers with the method, how stdin went, and stdin.
@Sendable func echo(_ request: consuming FastCGIRequest) async -> Response { await echo(upTo: 1 << 16)(request) }

/// - Parameters:
///   - budget: what bodies take, for as long as they are echoed; nil for no limit.
///   - limit: of the body, by the request.
func echo(
    holding budget: ByteBudget? = nil, within patience: Duration = .seconds(60),
    limit: @escaping @Sendable (FastCGIRequest) -> Int
) -> Handler {
    { (request: consuming FastCGIRequest) in
        let method = request.method
        let memory = budget?.reservation(for: "")
        defer { withExtendedLifetime(memory) {} }
        let limit = limit(request)
        switch await request.stdin(upTo: limit, reserve: { await memory?.grow(to: $0, within: patience) ?? true }) {
        case .success(let bytes): return Response(status: 200, body: Array("\(method) ".utf8) + bytes)
        case .failure(let error): return Response(status: 400, body: Array("\(error)".utf8))
        }
    }
}

func echo(upTo limit: Int, holding budget: ByteBudget? = nil, within patience: Duration = .seconds(60)) -> Handler {
    echo(holding: budget, within: patience) { _ in limit }
}

extension ByteBudget {
    /// nil: there is no room.
    func holding(_ count: Int) async -> Reservation? {
        let reservation = reservation(for: "")
        return await reservation.grow(to: count) ? reservation : nil
    }
}

extension FastCGIRequest {
    /// The whole body, or why it cannot be read.
    mutating func stdin(
        upTo limit: Int, reserve: (Int) async -> Bool = { _ in true }
    ) async -> Result<[UInt8], FastCGIError> {
        do throws(FastCGIError) {
            return .success(try await body.collect(upTo: limit, reserve: reserve))
        } catch {
            return .failure(error)
        }
    }
}

func scratchPath() -> String { "/tmp/e2b-fcgi-test-\(UInt64.random(in: 0 ... .max)).sock" }

/// Has a server that echoes answer one request at a Unix socket, and stops it.
func serveOne(_ server: FastCGIServer, at path: String) async throws {
    async let running: Void = server.run()
    let web = try WebServer(unix: path)
    try await web.send(["REQUEST_METHOD": "GET"])
    #expect(await web.answer().bodyText == "GET ")
    server.shutDown()
    await running
}
