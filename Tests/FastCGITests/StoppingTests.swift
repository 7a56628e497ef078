import FastCGI
import Glibc
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

    @Test func `what waits at a socket of the server's own when it stops is still served, and no more comes`()
        async throws
    {
        let path = scratchPath()
        let server = try FastCGIServer(
            listener: Listener(.unix(path: path)), limits: ServerLimits(connections: 2, head: .seconds(600)),
            handler: echo)
        let webs = try (0..<8).map { _ in try WebServer(unix: path) }
        for web in webs { try await web.send([:]) }
        server.shutDown()
        #expect(throws: WebServer.Failure.connect(errno: ENOENT)) { try WebServer(unix: path) }
        // More than may be open at a time.
        await server.run()
        for web in webs { #expect(await web.answer().status == 200) }
    }

    @Test func `what waits at a TCP socket of the server's own is still served, and what comes later refused`()
        async throws
    {
        let listener = try Listener(.tcp(host: "127.0.0.1", port: 0))
        guard case .tcp(_, let port) = listener.address else { return }
        let finish = Gate()
        let server = try FastCGIServer(
            listener: listener, limits: ServerLimits(connections: 4, head: .seconds(600))
        ) { _ in
            await finish.wait()
            return Response(status: 200)
        }
        let web = try WebServer(tcp: port)
        try await web.send([:])
        server.shutDown()
        let running = Task { await server.run() }
        try await eventually("that nobody listens") { (try? WebServer(tcp: port)) == nil }
        finish.open()
        #expect(await web.answer().status == 200)
        await running.value
    }

    @Test func `what waits at an inherited socket is left to the next server`() async throws {
        let held = try HeldSocket(scratchPath())
        let limits = ServerLimits(connections: 2, head: .seconds(600))
        let first = try FastCGIServer(
            listener: Listener(inherited: fcntl(held.descriptor, F_DUPFD, 3)), limits: limits, handler: echo)
        let web = try WebServer(unix: held.path)
        try await web.send(["REQUEST_METHOD": "GET"])
        first.shutDown()
        await first.run()
        #expect(!web.isHungUpOn)
        let second = try FastCGIServer(
            listener: Listener(inherited: fcntl(held.descriptor, F_DUPFD, 3)), limits: limits, handler: echo)
        let running = Task { await second.run() }
        #expect(await web.answer().bodyText == "GET ")
        second.shutDown()
        await running.value
    }

    @Test func `several sockets are served by one server, which has one limit for all`() async throws {
        let paths = [scratchPath(), scratchPath()]
        let server = try FastCGIServer(
            listeners: paths.map { try Listener(.unix(path: $0)) }, limits: ServerLimits(connections: 2), handler: echo)
        let running = Task { await server.run() }
        for _ in 0..<3 {
            let webs = try paths.map { try WebServer(unix: $0) }
            for web in webs { try await web.send(["REQUEST_METHOD": "GET"]) }
            for web in webs { #expect(await web.answer().bodyText == "GET ") }
        }
        server.shutDown()
        await running.value
    }

    @Test func `that all requests are answered is told before slow web servers have read`() async throws {
        let path = scratchPath()
        let answered = Gate()
        let server = try FastCGIServer(
            listeners: [Listener(.unix(path: path))], limits: ServerLimits(connections: 2, send: .seconds(600)),
            onAnswered: { answered.open() }
        ) { _ in Response(status: 200, body: [UInt8](repeating: 0, count: 8 << 20)) }
        let running = Task { await server.run() }
        let web = try WebServer(unix: path)
        try await web.send([:])
        server.shutDown()
        await answered.wait()
        #expect(await web.answer().body.count == 8 << 20)
        await running.value
    }
}
