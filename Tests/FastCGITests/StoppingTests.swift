import FastCGI
import Synchronization
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(10)))
struct StoppingTests {
    @Test(arguments: [1, 64]) func `stopping an idle server returns`(connections: Int) async throws {
        try await withServer(connections: connections, handler: echo) { path, _ in
            let web = try WebServer(unix: path)
            try await web.send([:])
            #expect(await web.answer().isEnded)
        }
    }

    @Test func `stopping before running returns at once`() async throws {
        let server = try FastCGIServer(
            listener: Listener(.unix(path: scratchPath())), limits: ServerLimits(connections: 4, head: .seconds(600)),
            handler: echo)
        server.shutDown()
        await server.run()
    }

    @Test func `cancelling run stops the server`() async throws {
        let server = try FastCGIServer(
            listener: Listener(.unix(path: scratchPath())), limits: ServerLimits(connections: 4, head: .seconds(600)),
            handler: echo)
        let running = Task { await server.run() }
        running.cancel()
        await running.value
    }

    @Test func `requests in flight finish, and none begins`() async throws {
        let path = scratchPath()
        let started = Meeting(size: 5)
        let finish = Gate()
        let server = try FastCGIServer(
            listener: Listener(.unix(path: path)), limits: ServerLimits(connections: 4, head: .seconds(600))
        ) { _ in
            await started.arrive()
            await finish.wait()
            return Response(status: 200)
        }
        let running = Task { await server.run() }
        let webs = try (0..<4).map { _ in try WebServer(unix: path) }
        for web in webs { try await web.send([:]) }
        await started.arrive()
        server.shutDown()
        finish.open()
        for web in webs { #expect(await web.answer().status == 200) }
        await running.value
        #expect(throws: WebServer.Failure.self) { try WebServer(unix: path) }
    }

    @Test func `a second server follows the first on the same path`() async throws {
        let path = scratchPath()
        for _ in 0..<3 {
            let server = try FastCGIServer(
                listener: Listener(.unix(path: path)), limits: ServerLimits(connections: 2, head: .seconds(600)),
                handler: echo)
            try await serveOne(server, at: path)
        }
    }
}
