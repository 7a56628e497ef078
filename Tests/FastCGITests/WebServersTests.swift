import Glibc
import Synchronization
import TestSupport
import Testing

@testable import FastCGI

/// Who may connect over TCP: whoever does says who everybody is.
@Suite(.timeLimit(.minutes(10)))
struct WebServersTests {
    @Test(arguments: [
        ("127.0.0.1", true), ("127.9.9.9", true), ("::1", true), ("::ffff:127.0.0.1", true), ("10.0.0.1", false),
        ("0.0.0.0", false), ("::", false), ("::2", false), ("::ffff:10.0.0.1", false), ("fe80::1", false),
        ("128.0.0.1", false), ("::127.0.0.1", false),
    ])
    func `without a list this machine's may`(peer: String, isAdmitted: Bool) {
        #expect(WebServers.local.admits(IPAddress(peer)) == isAdmitted)
    }

    @Test(arguments: [
        ("199.170.183.28,199.170.183.71", "199.170.183.71", true), ("10.0.0.1", "10.0.0.11", false),
        ("10.0.0.11", "10.0.0.1", false), ("10.0.0.1", "127.0.0.1", false), (" 10.0.0.1 , ::1 ", "::1", true),
        ("2001:DB8::1", "2001:db8:0:0::1", true), ("10.0.0.1", "::ffff:10.0.0.1", true),
        ("::ffff:10.0.0.1", "10.0.0.1", true), ("10.0.0.1", "::10.0.0.1", false),
    ])
    func `with a list those in it may, and no others`(list: String, peer: String, isAdmitted: Bool) throws {
        #expect(try #require(WebServers(list: list)).admits(IPAddress(peer)) == isAdmitted)
    }

    @Test func `a peer without an address may not`() throws {
        #expect(!WebServers.local.admits(nil))
        #expect(try #require(WebServers(list: "127.0.0.1")).admits(nil) == false)
    }

    @Test(arguments: [
        "", ",", " ", "10.0.0.1,", ",10.0.0.1", "localhost", "10.0.0", "10.0.0.256", "10.0.0.1/8", "[::1]",
        "10.0.0.1 x",
        "10.0.0.1;10.0.0.2", "010.0.0.1", "10.0.0.1\0,x", "*",
    ])
    func `what is no list of addresses is none`(list: String) { #expect(WebServers(list: list) == nil) }

    @Test(arguments: ["127.0.0.1", "::1", "10.1.2.3", "2001:db8::1"])
    func `an address is written as it is read`(text: String) { #expect(IPAddress(text).map { "\($0)" } == text) }

    @Test(arguments: [("127.0.0.1", "127.0.0.1"), ("::", "127.0.0.1"), ("::", "::1,10.0.0.1,127.0.0.1")])
    func `a web server in the list is served`(host: String, list: String) async throws {
        let servers = try #require(WebServers(list: list))
        try await withServer(host: host, for: servers) { port, strangers in
            let web = try WebServer(tcp: port)
            try await web.send(["REQUEST_METHOD": "GET"])
            #expect(await web.answer().bodyText == "GET ")
            #expect(strangers().isEmpty)
        }
    }

    @Test(arguments: ["127.0.0.1", "::"])
    func `another is hung up on, and told of`(host: String) async throws {
        let servers = try #require(WebServers(list: "127.0.0.2,10.0.0.1"))
        try await withServer(host: host, for: servers) { port, strangers in
            for _ in 0..<3 {
                let web = try WebServer(tcp: port)
                try? await web.send(["REQUEST_METHOD": "GET"])
                let answer = await web.answer()
                #expect(answer.isClosed && answer.stdout.isEmpty && !answer.isEnded)
            }
            #expect(strangers() == Array(repeating: "127.0.0.1", count: 3))
        }
    }

    @Test func `a Unix socket is a matter of its mode`() async throws {
        let path = scratchPath()
        let servers = try #require(WebServers(list: "10.0.0.1"))
        let server = try FastCGIServer(
            listener: Listener(.unix(path: path), for: servers),
            limits: ServerLimits(connections: 1, head: .seconds(600)),
            handler: echo)
        try await serveOne(server, at: path)
    }

    @Test(arguments: [("127.0.0.1", true), ("::1", true), ("localhost", true), ("0.0.0.0", false), ("::", false)])
    func `a listener knows whether other machines can connect`(host: String, isLocal: Bool) throws {
        let listener = try Listener(.tcp(host: host, port: 0))
        #expect(listener.isLocal == isLocal)
        // However it was opened.
        let inherited = try Listener(inherited: fcntl(listener.descriptor, F_DUPFD_CLOEXEC, 3))
        #expect(inherited.isLocal == isLocal)
        inherited.close()
        listener.close()
    }

    @Test func `a Unix socket is local`() throws {
        let listener = try Listener(.unix(path: scratchPath()))
        #expect(listener.isLocal)
        listener.close()
    }

    private func withServer(
        host: String, for webServers: WebServers,
        _ body: (_ port: UInt16, _ strangers: @Sendable () -> [String]) async throws -> Void
    ) async throws {
        let listener = try Listener(.tcp(host: host, port: 0), for: webServers)
        guard case .tcp(_, let port) = listener.address else { return }
        let told = Told()
        let server = try FastCGIServer(
            listener: listener, limits: ServerLimits(connections: 2, head: .seconds(600)),
            onRefusedPeer: { told.add($0) }, handler: echo)
        async let running: Void = server.run()
        let result: Result<Void, any Error>
        do { result = .success(try await body(port) { told.names }) } catch { result = .failure(error) }
        server.shutDown()
        await running
        try result.get()
    }

    private final class Told: Sendable {
        private let list = Mutex<[String]>([])
        var names: [String] { list.withLock { $0 } }
        func add(_ peer: IPAddress?) { list.withLock { $0.append(peer.map { "\($0)" } ?? "nobody") } }
    }
}
