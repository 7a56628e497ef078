import FastCGI
import Glibc
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(10)))
struct ListenerTests {
    private func mode(_ path: String) -> mode_t? {
        var status = stat()
        return lstat(path, &status) == 0 ? status.st_mode & 0o7777 : nil
    }

    private func reason(_ body: () throws -> Void) -> String? {
        do { try body() } catch { return "\(error)" }
        return nil
    }

    @Test func `a Unix socket is for its owner and its group`() throws {
        let path = scratchPath()
        let listener = try Listener(.unix(path: path))
        #expect(mode(path) == 0o660)
        listener.close()
        #expect(mode(path) == nil)
    }

    @Test func `the socket's file goes with the last copy of the listener`() throws {
        let path = scratchPath()
        do { _ = try Listener(.unix(path: path)) }
        #expect(mode(path) == nil)
    }

    @Test func `closing leaves a successor's file alone`() throws {
        let path = scratchPath()
        let first = try Listener(.unix(path: path))
        unlink(path)
        let second = try Listener(.unix(path: path))
        first.close()
        #expect(mode(path) != nil)
        second.close()
    }

    @Test func `a socket file that nobody listens on is replaced`() throws {
        let path = scratchPath()
        let dead = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let status = withUnsafePointer(to: address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(dead, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        #expect(status == 0)
        close(dead)
        let listener = try Listener(.unix(path: path))
        _ = try WebServer(unix: path)
        listener.close()
    }

    @Test func `two do not listen on one path`() throws {
        let path = scratchPath()
        let first = try Listener(.unix(path: path))
        #expect(throws: FastCGIError.listen(address: "unix:\(path)", why: "address in use")) {
            try Listener(.unix(path: path))
        }
        _ = try WebServer(unix: path)
        first.close()
    }

    @Test func `a socket is not taken over from oneself`() throws {
        let path = scratchPath()
        let first = try Listener(.unix(path: path))
        #expect(throws: FastCGIError.self) { try Listener(.unix(path: path), takingOver: true) }
        _ = try WebServer(unix: path)
        first.close()
    }

    @Test func `where nobody listens there is nothing to take over`() throws {
        let listener = try Listener(.unix(path: scratchPath()), takingOver: true)
        #expect(listener.predecessor == nil)
        #expect(throws: FastCGIError.self) { try Listener(.tcp(host: "127.0.0.1", port: 0), takingOver: true) }
    }

    @Test func `what is inherited is named by its address`() throws {
        let held = try HeldSocket(scratchPath())
        let copy = fcntl(held.descriptor, F_DUPFD, 3)
        #expect("\(try Listener(inherited: copy, name: "web"))" == "unix:\(held.path), inherited as web")
        let own = try Listener(.tcp(host: "127.0.0.1", port: 0))
        #expect("\(own)" == "\(own.address)")
    }

    @Test func `two do not listen on one port`() throws {
        let first = try Listener(.tcp(host: "127.0.0.1", port: 0))
        #expect(throws: FastCGIError.listen(address: "\(first.address)", why: "address in use")) {
            try Listener(first.address)
        }
        first.close()
    }

    @Test func `listens on IPv6`() throws {
        let listener = try Listener(.tcp(host: "::1", port: 0))
        #expect("\(listener.address)".hasPrefix("tcp:[::1]:"))
        listener.close()
    }

    @Test func `a file that is no socket is left alone`() throws {
        let path = scratchPath()
        let file = open(path, O_CREAT | O_WRONLY, 0o600)
        defer {
            close(file)
            unlink(path)
        }
        #expect(
            reason { _ = try Listener(.unix(path: path)) }
                == "cannot listen on unix:\(path): there is a file of that name, and it is not a socket")
        #expect(mode(path) == 0o600)
    }

    @Test func `what cannot be listened on is said in words`() {
        #expect(
            reason { _ = try Listener(.unix(path: "/nowhere/at/all.sock")) }
                == "cannot listen on unix:/nowhere/at/all.sock: there is no such directory")
        #expect(
            reason { _ = try Listener(.unix(path: "/tmp/" + String(repeating: "x", count: 103))) }?
                .hasSuffix("the path is longer than 107 bytes") == true)
        // TEST-NET-1: not an address of this machine.
        #expect(
            reason { _ = try Listener(.tcp(host: "192.0.2.1", port: 9)) }
                == "cannot listen on tcp:192.0.2.1:9: Cannot assign requested address")
        #expect(
            reason { _ = try Listener(.tcp(host: "example.org", port: 9)) }
                == "cannot listen on tcp:example.org:9: the host is an IP address or localhost")
    }

    @Test func `the longest path there can be works`() throws {
        let path = scratchPath() + String(repeating: "x", count: 60)
        let longest = String(path.prefix(107))
        let listener = try Listener(.unix(path: longest))
        #expect(mode(longest) == 0o660)
        listener.close()
    }

    @Test func `serves an inherited socket`() async throws {
        let path = scratchPath()
        // Stands for the one that opened the socket and started us.
        let opener = try Listener(.unix(path: path))
        let inherited = fcntl(try descriptor(of: path), F_DUPFD, 3)
        let server = try FastCGIServer(
            listener: Listener(inherited: inherited), limits: ServerLimits(connections: 1, head: .seconds(600)),
            handler: echo)
        try await serveOne(server, at: path)
        // Stopping was not for the opener.
        _ = try WebServer(unix: path)
        opener.close()
    }

    @Test func `only a listening socket can be inherited`() throws {
        var pair: (CInt, CInt) = (-1, -1)
        _ = withUnsafeMutableBytes(of: &pair) { pipe($0.baseAddress!.assumingMemoryBound(to: CInt.self)) }
        defer {
            close(pair.0)
            close(pair.1)
        }
        #expect(
            reason { _ = try Listener(inherited: pair.0) }
                == "cannot listen on file descriptor \(pair.0): it is not a listening socket")
        #expect(LaunchMode(descriptor: pair.0, environment: [:]) == .standalone)
        #expect(LaunchMode(descriptor: pair.0, environment: ["GATEWAY_INTERFACE": "CGI/1.1"]) == .cgi)
        #expect(LaunchMode(descriptor: pair.0, environment: ["REQUEST_METHOD": "GET"]) == .cgi)
        #expect(LaunchMode(descriptor: -1, environment: [:]) == .standalone)
    }

    @Test func `a listening socket means FastCGI, whatever the environment says`() throws {
        let path = scratchPath()
        let listener = try Listener(.unix(path: path))
        let descriptor = try descriptor(of: path)
        #expect(LaunchMode(descriptor: descriptor, environment: ["GATEWAY_INTERFACE": "CGI/1.1"]) == .fastCGI)
        listener.close()
    }

    /// Which descriptor of this process listens on the path.
    private func descriptor(of path: String) throws -> CInt {
        for descriptor in CInt(3)..<4096 where Listener.isListening(descriptor) {
            var address = sockaddr_un()
            var length = socklen_t(MemoryLayout<sockaddr_un>.size)
            let status = withUnsafeMutablePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
            }
            let name = withUnsafeBytes(of: address.sun_path) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            if status == 0, address.sun_family == sa_family_t(AF_UNIX), name == path { return descriptor }
        }
        throw WebServer.Failure.connect(errno: ENOENT)
    }
}

@Suite
struct AddressTests {
    @Test(arguments: [
        ("unix:/run/e2b.sock", Listener.Address.unix(path: "/run/e2b.sock")), ("unix:a:b", .unix(path: "a:b")),
        ("tcp:127.0.0.1:9000", .tcp(host: "127.0.0.1", port: 9000)),
        ("tcp:localhost:65535", .tcp(host: "localhost", port: 65535)), ("tcp:[::1]:1", .tcp(host: "::1", port: 1)),
        ("inherited", .inherited),
    ])
    func `an address is read and written`(text: String, address: Listener.Address) throws {
        #expect(try Listener.Address(text) == address)
        #expect("\(address)" == text)
    }

    @Test(arguments: [
        "", "/run/e2b.sock", "unix:", "unix:a\0b", "tcp:", "tcp:9000", "tcp:127.0.0.1", "tcp::9000", "tcp:127.0.0.1:0",
        "tcp:127.0.0.1:65536", "tcp:127.0.0.1:+1", "tcp:127.0.0.1:", "tcp:::1:9000", "tcp:[]:1", "tcp:[127.0.0.1]:1",
        "tcp:example.org:9000", "tcp:127.1:9000", "http://localhost", "UNIX:/run/x",
    ])
    func `what is no address is refused with a reason`(text: String) {
        do {
            let address = try Listener.Address(text)
            Issue.record("\(address)")
        } catch .badAddress(let named, let why) {
            #expect(named == text)
            #expect(!why.isEmpty)
        } catch {
            Issue.record(error)
        }
    }
}
