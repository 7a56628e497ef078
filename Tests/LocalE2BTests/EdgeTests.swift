import Foundation
import Testing

@testable import LocalE2B

/// Ports of real sandboxes, reached from this machine.
@Suite(.timeLimit(.minutes(10)), .enabled(if: Machine.canRunSandboxes, .init(rawValue: Machine.needs)))
struct EdgeTests {
    /// In the kernel: a thread that serves each connection of `port` with `serve(connection)`.
    private static func server(_ port: Int, _ serve: String, address: String = "127.0.0.1") -> String {
        """
        import socket, threading
        def serve(connection):
            head = b''
            while b'\\r\\n\\r\\n' not in head: head += connection.recv(65536)
            \(serve)
            connection.close()
        def accept(listener):
            while True: threading.Thread(target=serve, args=(listener.accept()[0],)).start()
        listener = socket.create_server(('\(address)', \(port)), backlog=200,
                                        family=socket.AF_INET6 if ':' in '\(address)' else socket.AF_INET)
        threading.Thread(target=accept, args=(listener,)).start()
        """
    }

    @Test func `a server in a sandbox is reached by its name or by headers`() async throws {
        try await StubServer.withKernels { stub in
            let id = try await stub.create()
            let start = """
                import subprocess, sys
                open('page', 'w').write('from the sandbox')
                subprocess.Popen([sys.executable, '-m', 'http.server', '8080'], stderr=subprocess.DEVNULL)
                """
            #expect(try await stub.python(start, in: id).contains("Popen"))
            // At once: the edge waits for a server that is just starting.
            let page = await stub.edge.send("GET", "/page", ["Host": stub.host(8080, id)])
            #expect(page.status == 200 && page.body == "from the sandbox" && page.isWhole)
            let suffixed = await stub.edge.send("GET", "/page", ["Host": stub.host(8080, "\(id)-6532622b")])
            #expect(suffixed.body == "from the sandbox")
            let byHeaders = await stub.edge.send(
                "GET", "/page", ["E2b-Sandbox-Id": id, "E2b-Sandbox-Port": "8080"])
            #expect(byHeaders.body == "from the sandbox")
            // curl knows that names below localhost are this machine.
            #expect(await Self.curl("http://\(stub.host(8080, id))/page") == 0)
            // The same number in another sandbox is another port.
            let other = await stub.edge.send("GET", "/page", ["Host": stub.host(8080, try await stub.create())])
            #expect(other.status == 502)
        }
    }

    @Test func `what cannot be reached is said in E2B's words`() async throws {
        try await StubServer.withKernels { stub in
            let id = try await stub.create()
            let closed = await stub.edge.send("GET", "/", ["Host": stub.host(8081, id)])
            #expect(closed.status == 502 && closed.isWhole)
            #expect(
                closed.body
                    == #"{"code":502,"message":"The sandbox is running but port is not open","port":8081,"sandboxId":"\#(id)"}"#
            )
            _ = try await stub.python(Self.server(8082, "pass"), in: id)
            let silent = await stub.edge.send("GET", "/", ["Host": stub.host(8082, id)])
            #expect(silent.status == 502 && silent.json["port"] as? Int == 8082)
            let unknown = await stub.edge.send("POST", "/", ["Host": stub.host(8081, "iabc")], body: "unread")
            #expect(unknown.body == #"{"code":502,"message":"The sandbox was not found","sandboxId":"iabc"}"#)
            #expect(await stub.edge.send("GET", "/", ["Host": "example.org"]).body == "Invalid host")
            #expect(await stub.edge.send("GET", "/").body == "missing header")
            let long = await stub.edge.send("GET", "/", ["A": String(repeating: "x", count: 40_000)])
            #expect(long.status == 431)
            #expect(await stub.control("DELETE", "/sandboxes/\(id)").status == 204)
            let dead = await stub.edge.send("GET", "/", ["Host": stub.host(8081, id)])
            #expect(dead.json["message"] as? String == "The sandbox was not found")
        }
    }

    @Test func `bytes go both ways, and each way ends by itself`() async throws {
        try await StubServer.withKernels { stub in
            let id = try await stub.create()
            let count = """
                count = len(head.partition(b'\\r\\n\\r\\n')[2])
                    connection.sendall(b'HTTP/1.1 101 Switching\\r\\n\\r\\nhello')
                    while piece := connection.recv(65536): count += len(piece)
                    connection.sendall(b'%d' % count + b'!' * 5_000_000)
                """
            _ = try await stub.python(Self.server(9000, count, address: "::1"), in: id)
            let body = String(repeating: "x", count: 20_000_000)
            let descriptor = await Machine.aside {
                stub.edge.hold("GET", "/", ["Host": stub.host(9000, id)], body: body)
            }
            defer { close(descriptor) }
            shutdown(descriptor, Int32(SHUT_WR))
            let received = await Self.readAll(descriptor)
            #expect(received.hasPrefix("HTTP/1.1 101 Switching\r\n\r\nhello20000000!"))
            #expect(received.utf8.count > 5_000_000)
        }
    }

    @Test func `a client that does not read stalls nobody else`() async throws {
        try await StubServer.withKernels { stub in
            let id = try await stub.create()
            let flood = """
                try:
                        for sent in range(1000): connection.sendall(b'x' * 1_000_000)
                    except OSError: sent = 'broken'
                    open('sent', 'w').write(str(sent))
                """
            _ = try await stub.python(Self.server(9000, flood), in: id)
            let descriptor = stub.edge.hold("GET", "/", ["Host": stub.host(9000, id)], body: "")
            // More than all buffers on the way have fitted when other answers still come.
            for _ in 0..<20 { #expect(try await stub.python("print('alive')", in: id) == "alive\n") }
            #expect(try await stub.python("import os; print(os.path.exists('sent'))", in: id) == "False\n")
            close(descriptor)
            // The connection inside ends with the one outside.
            let wait = "import os, time\nwhile not os.path.exists('sent'): time.sleep(0.01)\nprint(open('sent').read())"
            #expect(try await stub.python(wait, in: id) == "broken\n")
        }
    }

    @Test func `connections to one sandbox have a limit`() async throws {
        try await StubServer.withKernels { stub in
            let id = try await stub.create()
            _ = try await stub.python(Self.server(9000, "connection.recv(1)"), in: id)
            let held = (0..<EdgeRouter.Limit.connections).map { _ in
                stub.edge.hold("GET", "/", ["Host": stub.host(9000, id)], body: "")
            }
            // Those before have to be there first, each with its thread.
            let count = "sum('(serve)' in thread.name for thread in threading.enumerate())"
            let wait = "import time\nwhile \(count) < \(held.count): time.sleep(0.01)\nprint(\(count))"
            #expect(try await stub.python(wait, in: id) == "\(held.count)\n")
            let refused = await stub.edge.send("GET", "/", ["Host": stub.host(9000, id)])
            #expect(refused.status == 429 && refused.json["connectionLimit"] as? Int == held.count)
            for descriptor in held { close(descriptor) }
            // Their places are free again.
            while await stub.edge.send("GET", "/health", ["Host": stub.host(49983, id)]).status != 204 {
                try await Task.sleep(for: .milliseconds(20))
            }
        }
    }

    @Test func `the end of a sandbox, and of the server, closes its connections`() async throws {
        try await StubServer.withKernels { stub in
            for end in ["kill", "stop"] {
                let id = try await stub.create()
                _ = try await stub.python(Self.server(9000, "connection.sendall(b'on'); connection.recv(1)"), in: id)
                let descriptor = stub.edge.hold("GET", "/", ["Host": stub.host(9000, id)], body: "")
                defer { close(descriptor) }
                let count = await Machine.aside {
                    var bytes = [UInt8](repeating: 0, count: 2)
                    return recv(descriptor, &bytes, 2, Int32(MSG_WAITALL))
                }
                #expect(count == 2)
                if end == "kill" {
                    #expect(await stub.control("DELETE", "/sandboxes/\(id)").status == 204)
                } else {
                    await stub.server.stop()
                }
                #expect(await Self.readAll(descriptor) == "")
            }
        }
    }

    @Test func `envd and the interpreter are reached by name, with signed URLs`() async throws {
        try await StubServer.withKernels { stub in
            let created = await stub.control("POST", "/v2/sandboxes", #"{"templateID":"base"}"#)
            let id = try #require(created.json["sandboxID"] as? String)
            let token = try #require(created.json["envdAccessToken"] as? String)
            #expect(created.json["domain"] as? String == "localhost:\(stub.server.edgePort)")
            for answer in [
                await stub.control("GET", "/sandboxes/\(id)"),
                await stub.control("POST", "/v2/sandboxes/\(id)/connect", "{}"),
            ] {
                #expect(answer.json["domain"] as? String == "localhost:\(stub.server.edgePort)")
            }
            func url(_ access: FileSignature.Access) -> String {
                let signature = FileSignature(path: "a b", access: access, user: "").value(token: token)
                    .addingPercentEncoding(withAllowedCharacters: .alphanumerics)
                return "http://\(stub.host(49983, id))/files?path=a%20b&signature=\(signature ?? "")"
            }
            #expect(await Self.curl("-Ffile=@/etc/hostname", url(.write)) == 0)
            #expect(await Self.curl(url(.read)) == 0)
            #expect(await Self.curl(url(.read) + "x") == 22)
            #expect(await stub.edge.send("GET", "/health", ["Host": stub.host(49999, id)]).body == "\"OK\"")
        }
    }

    private static func readAll(_ descriptor: Int32) async -> String {
        await Machine.aside {
            var received: [UInt8] = []
            var piece = [UInt8](repeating: 0, count: 1 << 20)
            while case let count = recv(descriptor, &piece, piece.count, 0), count > 0 {
                received += piece[..<count]
            }
            return String(decoding: received, as: UTF8.self)
        }
    }

    /// The exit status; 22 for an HTTP error.
    private static func curl(_ arguments: String...) async -> Int32 {
        await Machine.aside {
            let process = Process()
            process.executableURL = URL(filePath: "/usr/bin/curl")
            process.arguments = ["-sSfo/dev/null", "--max-time", "300"] + arguments
            do { try process.run() } catch { return -1 }
            process.waitUntilExit()
            return process.terminationStatus
        }
    }
}
