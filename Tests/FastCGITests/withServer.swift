import Budget
import FastCGI
import TestSupport

/// A server on a Unix socket of its own, for the duration of `body`; stopped and waited for at its end.
func withServer<T>(
    connections: Int = 2, bodyLimit: Int = 1 << 16, headLimit: Duration = .seconds(60),
    receiveLimit: Duration = .seconds(60), sendLimit: Duration = .seconds(60), unsentLimit: Int = 1 << 30,
    budget: ByteBudget? = nil, memoryWait: Duration = .seconds(60),
    executor: @escaping HandlerExecutor = { _ in nil }, handler: @escaping Handler,
    _ body: (_ path: String, _ server: FastCGIServer) async throws -> T
) async throws -> T {
    let path = scratchPath()
    let limits = ServerLimits(
        connections: connections, head: headLimit, receive: receiveLimit, send: sendLimit, unsent: unsentLimit,
        memoryWait: memoryWait)
    let server = try FastCGIServer(
        listener: Listener(.unix(path: path)), limits: limits, budget: budget, bodyLimit: { _ in bodyLimit },
        executor: executor, handler: handler)
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
@Sendable func echo(_ request: FastCGIRequest) async -> Response {
    switch request.stdin {
    case .success(let bytes): Response(status: 200, body: Array("\(request.method) ".utf8) + bytes)
    case .failure(let error): Response(status: 400, body: Array("\(error)".utf8))
    }
}

func scratchPath() -> String { "/tmp/e2b-fcgi-test-\(UInt64.random(in: 0 ... .max)).sock" }
